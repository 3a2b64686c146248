import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tidyCopy } from './tidy-copy.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'madengine-tidy-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('links that lead out are taken away, by name or over other links; those inside stay', async () => {
  const data = join(folder, 'data');
  await mkdir(join(data, 'a/b'), { recursive: true });
  await writeFile(join(data, 'a/b/file'), '12345');
  await writeFile(join(folder, 'secret'), 'x');
  const links = {
    inside: 'a/b/file',
    'a/up': '../a',
    dangling: 'nothing',
    absolute: '/etc/passwd',
    outside: '../secret',
    root: 'a/..',
    'over-another': 'root/../secret',
  };
  for (const [name, target] of Object.entries(links)) await symlink(target, join(data, name));
  expect(await tidyCopy(data, [])).toEqual({ files: 1, bytes: 5, links: 4 });
  expect((await readdir(data)).sort()).toEqual(['a', 'dangling', 'inside', 'root']);
});

test('folders of our own go, wherever they lie', async () => {
  await mkdir(join(folder, 'deep/.own'), { recursive: true });
  await mkdir(join(folder, '.own/in'), { recursive: true });
  await writeFile(join(folder, 'deep/.own/half'), 'x');
  await writeFile(join(folder, 'deep/whole'), 'xy');
  expect(await tidyCopy(folder, ['.own'])).toEqual({ files: 1, bytes: 2, links: 0 });
});
