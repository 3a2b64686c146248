import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolders } from './make-folders.ts';

test('folders are made down to the last, at the same time by several, and again', async () => {
  const root = await mkdtemp(join(tmpdir(), 'make-folders-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const deep = join(root, 'a/b/c');
  await Promise.all([makeFolders(deep), makeFolders(deep), makeFolders(join(root, 'a/b/d'))]);
  await makeFolders(deep);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

test('a file in the way, and a place where nothing can be made, are errors and no endless loop', async () => {
  const root = await mkdtemp(join(tmpdir(), 'make-folders-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await writeFile(join(root, 'file'), '');
  await expect(makeFolders(join(root, 'file'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeFolders(join(root, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeFolders('/proc/nowhere/at/all')).rejects.toMatchObject({ code: 'ENOENT' });
});
