import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FilesOfCommand, requireDistinctFiles } from './distinct-files.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distinct-files-'));
  await writeFile(join(folder, 'manifest.json'), '{}');
  await symlink('manifest.json', join(folder, 'link.json'));
});
afterAll(() => rm(folder, { recursive: true }));

const check = (changes: Partial<FilesOfCommand>): Promise<void> =>
  requireDistinctFiles({ output: 'out/perf.csv', written: [], inputs: [], ...changes }, folder);

test.each<[string, Partial<FilesOfCommand>, string]>([
  [
    'the table of results',
    { written: [['--junit', './out/perf.csv']] },
    '--junit ./out/perf.csv would be written over --output',
  ],
  ['a file beside it', { written: [['--junit', 'out/perf_entry.json']] }, 'perf_entry.json beside --output'],
  [
    'one another',
    {
      written: [
        ['--summary-output', 'a'],
        ['--junit', 'x/../a'],
      ],
    },
    'over --summary-output',
  ],
  [
    'an input',
    { inputs: [['--manifest-file', 'manifest.json']], written: [['--junit', 'link.json']] },
    'over --manifest-file',
  ],
  ['a card', { written: [['--junit', 'models.json']] }, "over the package's models.json"],
  ['by --output', { output: 'perf_entry.csv' }, 'perf.csv'],
])('a file must not be written over %s', async (_, files, words) => {
  const thrown = await check(files).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT' });
  const { message, hint } = thrown as { message: string; hint: string };
  expect(`${message} ${hint}`).toContain(words);
});

test('different files, files not named and devices are fine', async () => {
  await check({
    inputs: [
      ['--manifest-file', 'manifest.json'],
      ['--data-config', undefined],
    ],
    written: [
      ['--summary-output', '/dev/null'],
      ['--junit', '/dev/null'],
      ['--report', 'perf.csv'],
      ['--x', undefined],
    ],
  });
});
