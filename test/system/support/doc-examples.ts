/**
 * The examples of the documentation, as commands to run. In `sh` blocks, every command that starts with `madengine` or
 * `madengine-cli` (also behind assignments, as in `MODEL_DIR=… madengine-cli`) is an example, and `export` lines hold for
 * the rest of the page; other commands are for the reader alone. A comment `# exits with N` behind an example says its
 * exit code, which is otherwise 0. Two kinds of HTML comments help a page:
 *
 *     <!-- examples: NAME -->     near the top: the set-up of doc-setups.ts that its examples run in
 *     <!-- file: PATH -->         before a block of any language: the block is that file, written before the examples
 *
 * Every page is run from the start in a fresh set-up, its examples in their order, all in one folder.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');

export interface Example {
  /** As one line of shell, without its comment. */
  command: string;
  exitCode: number;
  /** Of the page. */
  line: number;
}

export interface DocPage {
  /** Relative to the repository. */
  path: string;
  /** Name of a set-up; undefined for the default. */
  setup: string | undefined;
  /** Files that the page shows, by path. */
  files: ReadonlyMap<string, string>;
  examples: readonly Example[];
}

/** README.md and every page of `docs/` that has examples. */
export async function docPages(): Promise<DocPage[]> {
  const names = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).sort();
  const paths = ['README.md', ...names.map((name) => `docs/${name}`)];
  const pages = await Promise.all(
    paths.map(async (path) => readPage(path, await readFile(join(root, path), 'utf8'))),
  );
  return pages.filter((page) => page.examples.length > 0);
}

export function readPage(path: string, text: string): DocPage {
  const files = new Map<string, string>();
  const examples: Example[] = [];
  const exports: string[] = [];
  for (const block of blocksOf(text)) {
    if (block.file !== undefined) files.set(block.file, `${block.lines.join('\n')}\n`);
    else if (block.language === 'sh') {
      for (const command of commandsOf(block)) addCommand(command, exports, examples);
    } else if (['bash', 'shell', 'console', 'zsh'].includes(block.language)) {
      throw new Error(
        `${path}:${block.line}: write "sh" instead of "${block.language}": only sh blocks are run`,
      );
    }
  }
  const [, setup] = /^<!-- examples: (\S+) -->$/m.exec(text) ?? [];
  return { path, setup, files, examples };
}

interface Block {
  language: string;
  /** Of its first line. */
  line: number;
  file: string | undefined;
  lines: string[];
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  let fence = '';
  let file: string | undefined;
  text.split('\n').forEach((line, index) => {
    const [, ticks, language = ''] = /^\s*(`{3,})\s*(\S*)/.exec(line) ?? [];
    if (open && line.trim() === fence) {
      blocks.push(open);
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (ticks !== undefined) {
      fence = ticks;
      open = { language, line: index + 2, file, lines: [] };
      file = undefined;
    } else if (line.trim() !== '') [, file] = /^<!-- file: (\S+) -->$/.exec(line.trim()) ?? [];
  });
  return blocks;
}

interface Command {
  text: string;
  comment: string;
  line: number;
}

/** Lines that belong together, because of a backslash or an open quote, as one command. */
function commandsOf(block: Block): Command[] {
  const commands: Command[] = [];
  let pending = '';
  let start = 0;
  block.lines.forEach((line, index) => {
    if (pending === '') start = block.line + index;
    pending += line;
    const { text, comment, complete } = scanned(pending);
    if (!complete) {
      pending += '\n';
      return;
    }
    if (text.trim() !== '') commands.push({ text: text.trim(), comment, line: start });
    pending = '';
  });
  if (pending !== '') throw new Error(`line ${start}: this command has no end: ${pending}`);
  return commands;
}

/** Takes the comment off, and says whether anything is still open at the end. */
function scanned(line: string): { text: string; comment: string; complete: boolean } {
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? '';
    if (character === '\\' && quote !== "'") {
      if (at === line.length - 1) return { text: line, comment: '', complete: false };
      at++;
    } else if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === "'" || character === '"') quote = character;
    else if (character === '#' && /(?:^|\s)$/.test(line.slice(0, at))) {
      const end = line.indexOf('\n', at);
      const comment = end === -1 ? line.slice(at) : line.slice(at, end);
      return { text: line.slice(0, at), comment, complete: true };
    }
  }
  return { text: line, comment: '', complete: quote === '' };
}

const word = String.raw`(?:'[^']*'|"[^"]*"|[^\s'"])*`;
const assignments = String.raw`(?:[A-Za-z_]\w*=${word}\s+)*`;
const isExample = new RegExp(`^${assignments}madengine(?:-cli)?(?:\\s|$)`);

function addCommand({ text, comment, line }: Command, exports: string[], examples: Example[]): void {
  if (/^(?:export|unset)\s/.test(text)) exports.push(text);
  if (!isExample.test(text)) return;
  const [, code = '0'] = /\bexits with (\d+)/.exec(comment) ?? [];
  examples.push({ command: [...exports, text].join('\n'), exitCode: Number(code), line });
}

/** What a page may name, and what stands for it in a test. */
export interface Replacements {
  /** For `localhost:5000`, `registry.example.com`, and whatever host `--registry` names. */
  registry: string;
  /** For `private.example.com`: a registry that asks for a login. */
  privateRegistry: string;
  /** For `/path/to/…`: a folder with a package. */
  packageFolder: string;
}

/** A page's text with everything of the outside world replaced by what a test has. */
export function atHome(text: string, to: Replacements): string {
  return text
    .replace(/\bprivate\.example\.com(?::\d+)?/g, to.privateRegistry)
    .replace(/\b(?:localhost:5000|registry\.example\.com(?::\d+)?)/g, to.registry)
    .replace(/(\s(?:--registry|-r)[= ])(["']?)([\w.-]+(?::\d+)?)/g, (whole, option, quote, host) =>
      host === to.registry || host === to.privateRegistry || !/[.:]/.test(host)
        ? whole
        : `${option}${quote}${to.registry}`,
    )
    .replace(/\/path\/to\/[\w-]+/g, to.packageFolder);
}
