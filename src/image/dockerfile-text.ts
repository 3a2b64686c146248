/** One instruction of a Dockerfile, its continuation lines joined. */
interface Instruction {
  /** In upper case. */
  word: string;
  rest: string;
}

/** What a build needs to know about a Dockerfile before it runs. */
export interface DockerfileFacts {
  /** Names of all `ARG`s. */
  declaredArgs: readonly string[];
  /** Defaults of `ARG`, and values of `ENV`, as written; the first of a name. */
  defaults: ReadonlyMap<string, string>;
  /** Image names of all `FROM`s as written, stages that were built before left out. */
  bases: readonly string[];
  /** Ids of `RUN --mount=type=secret`. */
  secretIds: readonly string[];
  /** Names that `FROM`, `--from` and `from=` take that are no stage of this file. */
  outsideNames: readonly string[];
}

/** Reads the parts of a Dockerfile that matter here; anything else, wrong things too, is left to the builder. */
export function readDockerfileText(text: string): DockerfileFacts {
  const declaredArgs = new Set<string>();
  const defaults = new Map<string, string>();
  const stages = new Set<string>();
  const bases: string[] = [];
  const secretIds = new Set<string>();
  const outside = new Set<string>();
  const noteOrigin = (name: string): void => {
    if (!stages.has(name.toLowerCase()) && !/^\d+$/.test(name)) outside.add(name);
  };
  for (const { word, rest } of instructions(text)) {
    if (word === 'ARG' || word === 'ENV') {
      for (const [name, value] of assignments(rest, word)) {
        if (word === 'ARG') declaredArgs.add(name);
        if (value !== undefined && !defaults.has(name)) defaults.set(name, value);
      }
    } else if (word === 'FROM') {
      const [image, as, stage] = rest.split(/\s+/).filter((part) => !part.startsWith('--'));
      if (image && !stages.has(image.toLowerCase())) bases.push(unquoted(image));
      if (image) noteOrigin(image);
      if (as?.toUpperCase() === 'AS' && stage) stages.add(stage.toLowerCase());
    } else {
      for (const origin of rest.matchAll(/(?:^|\s)--from=(\S+)/g)) noteOrigin(origin[1] ?? '');
      for (const mount of rest.matchAll(/(?:^|\s)--mount=(\S+)/g)) {
        const fields = mountFields(unquoted(mount[1] ?? ''));
        const id = fields.get('id') ?? lastSegment(fields.get('target') ?? fields.get('dst') ?? '');
        if (fields.get('type') === 'secret' && id) secretIds.add(id);
        const from = fields.get('from');
        if (from) noteOrigin(from);
      }
    }
  }
  return {
    declaredArgs: [...declaredArgs],
    defaults,
    bases,
    secretIds: [...secretIds],
    outsideNames: [...outside],
  };
}

function instructions(text: string): Instruction[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const continued = /^#\s*escape\s*=\s*`/im.test(lines.slice(0, 5).join('\n')) ? /`\s*$/ : /\\\s*$/;
  const found: Instruction[] = [];
  for (let at = 0; at < lines.length; at++) {
    const joined: string[] = [];
    for (let more = true; more && at < lines.length; ) {
      const line = lines[at] ?? '';
      // Comments and empty lines within a continued instruction don't end it.
      const skipped = /^\s*(#|$)/.test(line);
      more = skipped ? joined.length > 0 : continued.test(line);
      if (!skipped) joined.push(line.replace(continued, ''));
      if (more) at++;
    }
    const [, word = '', rest = ''] = /^\s*([A-Za-z]+)\s+([\s\S]*)$/.exec(joined.join(' ')) ?? [];
    if (word === '') continue;
    found.push({ word: word.toUpperCase(), rest: rest.trim() });
    at = afterHereDocuments(rest, lines, at);
  }
  return found;
}

/** The last line of the here-documents that an instruction opens: their text is no instruction. */
function afterHereDocuments(rest: string, lines: readonly string[], at: number): number {
  for (const [, dash, , name = ''] of rest.matchAll(/(?:^|\s)\d*<<(-?)(["']?)([A-Za-z_]\w*)\2(?=\s|$)/g)) {
    const ends = (line: string): boolean => (dash ? line.replace(/^\t+/, '') : line) === name;
    const end = lines.findIndex((line, index) => index > at && ends(line));
    if (end === -1) return at;
    at = end;
  }
  return at;
}

/** `A=1 B="two words" C`; `ENV` also has the form `NAME value`. */
function assignments(rest: string, word: string): [string, string | undefined][] {
  const old = /^([A-Za-z_]\w*)\s+([^=].*)$/s.exec(rest);
  if (word === 'ENV' && old && !/^\w+=/.test(rest)) return [[old[1] ?? '', old[2] ?? '']];
  const found: [string, string | undefined][] = [];
  for (const [, name = '', value] of rest.matchAll(
    /([A-Za-z_]\w*)(?:=((?:"[^"]*"|'[^']*'|\\.|[^\s"'\\])*))?(?=\s|$)/g,
  )) {
    found.push([name, value === undefined ? undefined : unquoted(value)]);
  }
  return found;
}

function mountFields(text: string): Map<string, string> {
  return new Map(
    text.split(',').map((field) => {
      const [name = '', ...value] = field.split('=');
      return [name.toLowerCase(), unquoted(value.join('='))];
    }),
  );
}

const lastSegment = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const unquoted = (text: string): string => text.replace(/^(["'])(.*)\1$/s, '$2');

/** Puts values in for `$NAME`, `${NAME}`, `${NAME:-other}` and `${NAME:+other}`, as a Dockerfile does. */
export function substituted(text: string, value: (name: string) => string | undefined): string {
  const pattern = /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::([-+])((?:[^{}]|\$\{[^{}]*\})*))?\})/g;
  return text.replace(pattern, (_, plain?: string, braced?: string, operator?: string, other = '') => {
    const known = value(plain ?? braced ?? '') ?? '';
    if (operator === '-') return known === '' ? substituted(other, value) : known;
    if (operator === '+') return known === '' ? '' : substituted(other, value);
    return known;
  });
}
