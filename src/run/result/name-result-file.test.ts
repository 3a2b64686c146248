import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nameResultFile } from './name-result-file.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'madengine-result-file-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function name(file: string, content: string): Promise<string | undefined> {
  const artifact = join(root, 'artifact');
  await writeFile(artifact, content);
  return nameResultFile(file, artifact, { resultsRoot: root, perfCsv: join(root, 'table.csv') });
}
const stands = (file: string): Promise<string> => readFile(join(root, file), 'utf8');

test('the last run has it, and one that madengine did not write stays', async () => {
  expect(await name('r.csv', 'one')).toBe(join(root, 'r.csv'));
  expect(await name('./r.csv', 'two')).toBe(join(root, 'r.csv'));
  expect(await stands('r.csv')).toBe('two');
  await writeFile(join(root, 'r.csv'), 'edited by hand');
  expect(await name('r.csv', 'three')).toBe('not ours');
  expect(await stands('r.csv')).toBe('edited by hand');
  await rm(join(root, 'r.csv'));
  expect(await name('r.csv', 'four')).toBe(join(root, 'r.csv'));
  expect(await stands('r.csv')).toBe('four');
});

test('neither a file of the package nor a link or a folder is written over', async () => {
  await writeFile(join(root, 'own.csv'), 'of the user');
  await symlink('own.csv', join(root, 'link.csv'));
  await mkdir(join(root, 'folder.csv'));
  for (const file of ['own.csv', 'link.csv', 'folder.csv']) expect(await name(file, 'x')).toBe('not ours');
  expect(await stands('own.csv')).toBe('of the user');
});

test.each(['models.json', 'perf.csv', 'perf_entry.csv', 'table.csv', 'out/r.csv', '../r.csv', '.csv', 'r'])(
  '%s is no name for one',
  async (file) => {
    expect(await name(file, 'x')).toBeUndefined();
  },
);
