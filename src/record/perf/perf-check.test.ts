import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requirePerfCsv } from './perf-check.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perf-check-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileWith(text: string): Promise<string> {
  const file = join(folder, 'perf.csv');
  await writeFile(file, text);
  return file;
}

test('no file, an empty one and one with our columns can take rows', async () => {
  requirePerfCsv(join(folder, 'none.csv'));
  requirePerfCsv(await fileWith(''));
  requirePerfCsv(await fileWith('model, performance,metric\n'));
});

test.each(['[{"name": "dummy"}]\n', 'a,b,c\n1,2,3\n', '\u0000\u0001'])('%j is no perf.csv', async (text) => {
  const file = await fileWith(text);
  expect(() => requirePerfCsv(file)).toThrow('is not a perf.csv');
});

test('folders and devices are no files for results', () => {
  expect(() => requirePerfCsv(folder)).toThrow('no regular file');
  expect(() => requirePerfCsv('/dev/zero')).toThrow('no regular file');
});
