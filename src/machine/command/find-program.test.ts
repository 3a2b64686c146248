import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findPrograms } from './find-program.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'madengine-find-'));
  await mkdir(join(root, 'a'));
  await mkdir(join(root, 'b'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const program = (path: string, mode = 0o755) => writeFile(join(root, path), '', { mode });

test('all programs of a name are found in the order of the folders', async () => {
  await program('a/tool');
  await program('b/tool');
  const folders = [join(root, 'b'), join(root, 'a')];
  expect(findPrograms('tool', folders)).toEqual([join(root, 'b/tool'), join(root, 'a/tool')]);
});

test('a folder that is a link to another one adds nothing', async () => {
  await program('a/tool');
  await symlink(join(root, 'a'), join(root, 'c'));
  expect(findPrograms('tool', [join(root, 'a'), join(root, 'c')])).toEqual([join(root, 'a/tool')]);
});

test('folders, files without permission and relative PATH entries are passed over', async () => {
  await mkdir(join(root, 'a/tool'));
  await program('b/tool', 0o644);
  expect(findPrograms('tool', [join(root, 'a'), join(root, 'b'), '.', ''])).toEqual([]);
});
