/**
 * The images that a Dockerfile starts from, with build arguments filled in. Only what stands before the first FROM can
 * name an image (Dockerfile reference, "Understand how ARG and FROM interact").
 */
export function dockerfileBases(text: string, buildArgs: Readonly<Record<string, string | null>>): string[] {
  const values = new Map<string, string>();
  const stages = new Set<string>();
  const bases = new Set<string>();
  for (const line of logicalLines(text)) {
    const [, keyword, rest = ''] = /^(ARG|FROM)\s+(.*)$/is.exec(line) ?? [];
    if (keyword === undefined) continue;
    if (keyword.toUpperCase() === 'ARG') {
      if (stages.size === 0 && bases.size === 0) declare(rest, buildArgs, values);
      continue;
    }
    const words = rest.split(/\s+/).filter((word) => word !== '' && !word.startsWith('--'));
    const base = filledIn(words[0] ?? '', values);
    if (base !== '' && base !== 'scratch' && !stages.has(base.toLowerCase())) bases.add(base);
    const name = /^as$/i.test(words[1] ?? '') ? words[2] : undefined;
    stages.add((name ?? `#${stages.size}`).toLowerCase());
  }
  return [...bases];
}

function declare(
  rest: string,
  buildArgs: Readonly<Record<string, string | null>>,
  values: Map<string, string>,
): void {
  for (const [, name = '', text] of rest.matchAll(/(\w+)(?:=("[^"]*"|'[^']*'|\S*))?/g)) {
    const given = buildArgs[name];
    const value = typeof given === 'string' ? given : text?.replace(/^(["'])(.*)\1$/, '$2');
    if (value !== undefined) values.set(name, filledIn(value, values));
  }
}

/** `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`. */
function filledIn(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(
    /\$(?:(\w+)|\{(\w+)(?:(:?-)([^}]*))?\})/g,
    (_, plain: string | undefined, braced: string | undefined, operator?: string, fallback?: string) => {
      const value = values.get(plain ?? braced ?? '');
      if (operator === undefined) return value ?? '';
      return value === undefined || (operator === ':-' && value === '') ? (fallback ?? '') : value;
    },
  );
}

/** Lines without comments, with their continuations; the escape character can be set by a directive. */
function logicalLines(text: string): string[] {
  const escapeCharacter = /^\s*#\s*escape\s*=\s*`/im.test(text.split('\n', 3).join('\n')) ? '`' : '\\';
  const lines: string[] = [];
  let open = '';
  for (const raw of text.replace(/^\uFEFF/, '').split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (line.endsWith(escapeCharacter)) {
      open += `${line.slice(0, -1)} `;
      continue;
    }
    lines.push(open + line);
    open = '';
  }
  return open === '' ? lines : [...lines, open.trim()];
}
