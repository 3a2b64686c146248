import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryBeside, temporaryName, temporaryStem, writeFileAtomic } from './atomic-write.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atomic-write-'));
});
afterEach(() => rm(folder, { recursive: true }));

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

test('the file holds the new content, and nothing else is left in the folder', async () => {
  await writeFileAtomic(join(folder, 'a.json'), 'one');
  await writeFileAtomic(join(folder, 'a.json'), new TextEncoder().encode('two'));
  expect(await readFile(join(folder, 'a.json'), 'utf8')).toBe('two');
  expect(await readdir(folder)).toEqual(['a.json']);
});

test('a file keeps its permissions unless new ones are given', async () => {
  const path = join(folder, 'a.json');
  await writeFile(path, 'one');
  await chmod(path, 0o640);
  await writeFileAtomic(path, 'two');
  expect(await modeOf(path)).toBe(0o640);
  await writeFileAtomic(path, 'three', { mode: 0o600 });
  expect(await modeOf(path)).toBe(0o600);
});

test('a link is replaced, so that nobody can make us write elsewhere, and followed only when asked for', async () => {
  const [target, link] = [join(folder, 'target'), join(folder, 'link')];
  await writeFile(target, 'untouched');
  await symlink(target, link);
  await writeFileAtomic(link, 'through', { followLink: true });
  expect(await readFile(target, 'utf8')).toBe('through');
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  await writeFileAtomic(link, 'instead');
  expect(await readFile(target, 'utf8')).toBe('through');
  expect((await lstat(link)).isSymbolicLink()).toBe(false);
});

test('a failure keeps its errno and leaves no temporary file', async () => {
  await mkdir(join(folder, 'taken'));
  await writeFile(join(folder, 'taken', 'x'), '');
  await expect(writeFileAtomic(join(folder, 'taken'), 'text')).rejects.toMatchObject({ code: 'EISDIR' });
  expect(await readdir(folder)).toEqual(['taken']);
  await expect(writeFileAtomic(join(folder, 'none', 'a'), 'text')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a name as long as file systems allow still has a temporary one beside it', async () => {
  const name = 'é'.repeat(127);
  await writeFileAtomic(join(folder, name), 'text');
  expect(await readdir(folder)).toEqual([name]);
  expect(temporaryBeside(join(folder, name))).toMatch(/^[\x20-\x7e]+$/);
});

test('a temporary file is known by its name, and no other file is', () => {
  for (const path of ['/results/perf.csv', '/results/é, "ü".csv', `/results/${'long'.repeat(60)}`]) {
    const name = temporaryBeside(path).slice('/results/'.length);
    expect(temporaryName(name)).toEqual({ stem: temporaryStem(path), pid: process.pid });
    expect(temporaryName(`x${name}`) ?? temporaryName(`${name}~`)).toBeUndefined();
  }
  for (const other of ['perf.csv', '.perf.csv.tmp', '.a.12.0123456789AB.tmp']) {
    expect(temporaryName(other)).toBeUndefined();
  }
});
