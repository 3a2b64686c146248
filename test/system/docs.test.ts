import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { atHome, type DocPage, docPages, type Example, readPage } from './support/doc-examples.ts';
import { defaultSetup, docSetups } from './support/doc-setups.ts';
import { temporaryFolder } from './support/folder.ts';
import { runLine } from './support/shell-line.ts';

const longestExampleMs = 180_000;

interface Place {
  folder: string;
  /** A second package of the same kind, for MODEL_DIR and the like. */
  other: string;
  cache: string;
}

async function setUp(page: DocPage): Promise<Place> {
  const fill = docSetups[page.setup ?? defaultSetup];
  if (!fill) throw new Error(`${page.path} asks for an unknown set-up: ${page.setup}`);
  const scratch = await temporaryFolder();
  const place = {
    folder: join(scratch, 'mad'),
    other: join(scratch, 'other'),
    cache: join(scratch, 'cache'),
  };
  for (const folder of [place.folder, place.other]) {
    await mkdir(folder);
    await fill(folder);
    for (const [path, content] of page.files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), toHere(content, place));
    }
  }
  return place;
}

const toHere = (text: string, { other }: Place): string =>
  atHome(text, {
    registry: inject('servers').registry,
    privateRegistry: inject('servers').authRegistry,
    packageFolder: other,
  });

const pages = await docPages();

test.each(pages.map((page) => [page.path, page] as const))(
  'the examples of %s do what they say',
  async (path, page) => {
    const place = await setUp(page);
    const wrong: string[] = [];
    for (const { command, exitCode: expected, line } of page.examples) {
      const here = toHere(command, place);
      const { exitCode, output } = await runLine(here, place);
      if (exitCode !== expected) {
        wrong.push(`${path}:${line}: exit code ${exitCode}, not ${expected}: ${here}\n${output}`);
      }
    }
    expect(wrong.join('\n')).toBe('');
  },
  // As much as its examples may take at most, so that the one that hangs is named.
  longestExampleMs * 20,
);

test('the documentation has examples', () => {
  expect(pages.map(({ path }) => path)).toEqual(expect.arrayContaining(['README.md', 'docs/tags.md']));
});

describe('reading a page', () => {
  const examplesIn = (text: string): readonly Example[] => readPage('page.md', text).examples;
  const block = (...lines: string[]): string => ['```sh', ...lines, '```'].join('\n');

  test('commands of madengine are examples, others are not', () => {
    const text = block('npm install', 'madengine discover  # a list', 'A="b c" madengine-cli run --tags x');
    expect(examplesIn(`words\n\n${text}`)).toEqual([
      { command: 'madengine discover', exitCode: 0, line: 5 },
      { command: 'A="b c" madengine-cli run --tags x', exitCode: 0, line: 6 },
    ]);
  });

  test('a comment says the exit code, and a sign inside of quotes starts no comment', () => {
    expect(examplesIn(block("madengine run -t 'a # b'#c   # exits with 3, because …"))).toEqual([
      { command: "madengine run -t 'a # b'#c", exitCode: 3, line: 2 },
    ]);
  });

  test('a backslash and an open quote go on in the next line', () => {
    const lines = [
      'madengine-cli build \\',
      "  --additional-context '{",
      '    "a": 1',
      "  }'",
      'madengine discover',
    ];
    expect(examplesIn(block(...lines)).map(({ command }) => command)).toEqual([
      lines.slice(0, 4).join('\n'),
      'madengine discover',
    ]);
  });

  test('exports hold for the rest of the page', () => {
    const text = `${block('export A=1', 'madengine discover')}\n${block('madengine discover')}`;
    expect(examplesIn(text).map(({ command }) => command)).toEqual([
      'export A=1\nmadengine discover',
      'export A=1\nmadengine discover',
    ]);
  });

  test('other languages are no examples, but other words for sh are refused', () => {
    expect(examplesIn('```text\nmadengine discover\n```')).toEqual([]);
    expect(() => examplesIn('```bash\nmadengine discover\n```')).toThrow('page.md:2');
  });

  test('comments name the set-up and the files', () => {
    const page = readPage(
      'page.md',
      '<!-- examples: empty -->\n\n<!-- file: a/b.json -->\n```json\n[]\n```\n',
    );
    expect(page.setup).toBe('empty');
    expect([...page.files]).toEqual([['a/b.json', '[]\n']]);
  });

  test('registries and paths are replaced by those of the test', () => {
    const to = { registry: '127.0.0.1:1', privateRegistry: '127.0.0.1:2', packageFolder: '/p' };
    expect(atHome('run -r gcr.io/team --registry=docker.io x localhost:5000/y', to)).toBe(
      'run -r 127.0.0.1:1/team --registry=127.0.0.1:1 x 127.0.0.1:1/y',
    );
    expect(atHome('MODEL_DIR=/path/to/MAD private.example.com', to)).toBe('MODEL_DIR=/p 127.0.0.1:2');
  });
});
