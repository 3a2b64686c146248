import { execFile } from 'node:child_process';
import { lstat, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isStream, writeOutput } from './write-output.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'write-output-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a pipe is written to and stays one', async () => {
  const pipe = join(folder, 'pipe');
  await promisify(execFile)('mkfifo', [pipe]);
  const [text] = await Promise.all([readFile(pipe, 'utf8'), writeOutput(pipe, 'all of it')]);
  expect(text).toBe('all of it');
  expect((await lstat(pipe)).isFIFO()).toBe(true);
});

// Asked only, not written: a mistake here would cost the machine its devices.
test('devices and what a process has open are no files to replace; files, links and nothing are', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await symlink('/dev/null', join(folder, 'link'));
  expect(await Promise.all(['/dev/null', '/proc/self/fd/0'].map(isStream))).toEqual([true, true]);
  const others = [file, join(folder, 'link'), join(folder, 'none'), folder];
  expect(await Promise.all(others.map(isStream))).toEqual([false, false, false, false]);
});

test('a link elsewhere is replaced by a file, whatever it leads to', async () => {
  const link = join(folder, 'summary.json');
  await symlink('elsewhere', link);
  await writeOutput(link, '{}');
  expect((await lstat(link)).isFile()).toBe(true);
  expect(await readFile(link, 'utf8')).toBe('{}');
});
