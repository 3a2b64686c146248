import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Emit, EventBody } from '../foundation/event.ts';
import { copyModelDir } from './model-dir.ts';

let scratch = '';
let from = '';
let to = '';
beforeEach(async () => {
  scratch = await mkdtemp(join(await realpath(tmpdir()), 'madengine-model-dir-'));
  [from, to] = [join(scratch, 'from'), join(scratch, 'to')];
  await mkdir(from);
  await mkdir(to);
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

async function put(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** What was said, as `level: message`. */
async function copy(source = from, target = to): Promise<string[]> {
  const said: string[] = [];
  const listen = (body: EventBody): void => {
    if (body.type === 'notice') said.push(`${body.level}: ${body.message}`);
  };
  const emit: Emit = Object.assign(listen, { within: () => emit });
  await copyModelDir({ from: source, to: target, emit });
  return said;
}

const files = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

test('everything of a package is copied over what is there, with its modes', async () => {
  await put(from, { 'models.json': 'new', 'scripts/a/run.sh': 'run', 'docker/a.Dockerfile': 'FROM x' });
  await chmod(join(from, 'scripts/a/run.sh'), 0o755);
  await put(to, { 'models.json': 'old', 'mine.txt': 'mine' });
  expect(await copy()).toEqual([`info: MODEL_DIR: 3 files copied from ${from}, 0 were the same`]);
  expect(await files(to)).toEqual(['docker/a.Dockerfile', 'mine.txt', 'models.json', 'scripts/a/run.sh']);
  expect(await readFile(join(to, 'models.json'), 'utf8')).toBe('new');
  expect((await stat(join(to, 'scripts/a/run.sh'))).mode & 0o777).toBe(0o755);
});

test('only files that differ are copied', async () => {
  await put(from, { 'models.json': 'one', 'data.json': 'two', 'scripts/run.sh': 'three' });
  await copy();
  expect(await copy()).toEqual([]);
  const before = await stat(join(to, 'models.json'));
  // Of the same size, and later.
  await put(from, { 'data.json': 'owt' });
  await utimes(join(from, 'models.json'), new Date(), new Date(Date.now() + 5000));
  expect(await copy()).toEqual([`info: MODEL_DIR: 1 file copied from ${from}, 2 were the same`]);
  expect((await stat(join(to, 'models.json'))).ino).toBe(before.ino);
  expect(await readFile(join(to, 'data.json'), 'utf8')).toBe('owt');
});

test('what was changed here is made good again', async () => {
  await put(from, { 'models.json': 'good' });
  await copy();
  await put(to, { 'models.json': 'bad!' });
  await copy();
  expect(await readFile(join(to, 'models.json'), 'utf8')).toBe('good');
});

test('repositories, results and state of earlier runs stay where they are', async () => {
  await put(from, {
    '.git/config': '[remote] url = https://user:secret@host',
    '.madengine/campaigns/x': '',
    'perf.csv': 'model',
    'build_manifest.json': '{}',
    'a.run.live.log': '',
    'scripts/perf/run.sh': '',
    'scripts/__pycache__/x.pyc': '',
  });
  await copy();
  expect(await files(to)).toEqual(['scripts/perf/run.sh']);
});

test('a credential.json can be read by nobody else', async () => {
  await put(from, { 'credential.json': '{}' });
  await chmod(join(from, 'credential.json'), 0o644);
  await copy();
  expect((await stat(join(to, 'credential.json'))).mode & 0o777).toBe(0o600);
});

test('no special mode is taken over, and the copy can be changed', async () => {
  await put(from, { 'run.sh': '' });
  await chmod(join(from, 'run.sh'), 0o4555);
  await copy();
  expect((await stat(join(to, 'run.sh'))).mode & 0o7777).toBe(0o755);
});

test('links are followed, inside and outside, and become files', async () => {
  await put(from, { 'shared/run.sh': 'shared' });
  await put(join(scratch, 'elsewhere'), { 'table/data.txt': 'data' });
  await symlink('shared/run.sh', join(from, 'run.sh'));
  await symlink('shared', join(from, 'again'));
  await symlink(join(scratch, 'elsewhere/table'), join(from, 'table'));
  expect(await copy()).toEqual([expect.stringContaining('4 files copied')]);
  expect(await files(to)).toEqual(['again/run.sh', 'run.sh', 'shared/run.sh', 'table/data.txt']);
  for (const path of await files(to)) expect((await lstat(join(to, path))).isFile()).toBe(true);
});

test.each<[string, (link: string) => Promise<void>, string]>([
  [
    'to a private file',
    async (link) => {
      await put(scratch, { 'key.pem': 'secret' });
      await chmod(join(scratch, 'key.pem'), 0o600);
      await symlink(join(scratch, 'key.pem'), link);
    },
    'private file',
  ],
  [
    'to a hidden folder',
    async (link) => {
      await put(scratch, { '.aws/config': 'x' });
      await symlink(join(scratch, '.aws'), link);
    },
    'hidden',
  ],
  ['to the whole machine', (link) => symlink('/', link), 'a folder around'],
  ['into /proc', (link) => symlink('/proc/self/environ', link), 'system'],
  ['to a device', (link) => symlink('/dev/zero', link), 'system'],
  ['to its own folder', (link) => symlink('.', link), 'circle'],
  ['to itself', (link) => symlink('link', link), 'nowhere'],
  ['to nothing', (link) => symlink('missing', link), 'nowhere'],
])('a link %s is left out and named, and the rest is copied', async (_what, make, why) => {
  await put(from, { 'scripts/run.sh': 'run' });
  await make(join(from, 'scripts/link'));
  const said = await copy();
  expect(said[1]).toMatch(new RegExp(`^warning: MODEL_DIR: not copied: scripts/link \\(.*${why}`));
  expect(await files(to)).toEqual(['scripts/run.sh']);
});

test('a link here is replaced, never written through', async () => {
  await put(scratch, { precious: 'precious' });
  await put(from, { 'models.json': 'new' });
  await symlink(join(scratch, 'precious'), join(to, 'models.json'));
  await copy();
  expect(await readFile(join(scratch, 'precious'), 'utf8')).toBe('precious');
  expect(await readFile(join(to, 'models.json'), 'utf8')).toBe('new');
});

test('a folder here that is a link to elsewhere is refused, one to the same place is the package itself', async () => {
  await put(from, { 'scripts/run.sh': 'new' });
  await mkdir(join(scratch, 'elsewhere'));
  await symlink(join(scratch, 'elsewhere'), join(to, 'scripts'));
  await expect(copy()).rejects.toThrowError(expect.objectContaining({ code: 'INVALID_FILE' }));
  expect(await files(join(scratch, 'elsewhere'))).toEqual([]);

  await rm(join(to, 'scripts'));
  await symlink(join(from, 'scripts'), join(to, 'scripts'));
  expect(await copy()).toEqual([]);
});

test.each([
  ['a folder', 'a file', { x: '' }, { 'x/y': '' }],
  ['a file', 'a folder', { 'x/y': '' }, { x: '' }],
])('%s here and %s there can not both be', async (_here, _there, source, target) => {
  await put(from, source);
  await put(to, target);
  await expect(copy()).rejects.toThrowError(
    expect.objectContaining({ code: 'INVALID_FILE', message: expect.stringContaining('x') }),
  );
});

test('the current folder itself, also through a link, needs no copying', async () => {
  await put(to, { 'models.json': 'x' });
  await symlink(to, join(scratch, 'link'));
  expect(await copy(to, to)).toEqual([]);
  expect(await copy(join(scratch, 'link'), to)).toEqual([]);
  expect(await files(to)).toEqual(['models.json']);
});

test('a MODEL_DIR around the current folder, or within it, is copied without the other', async () => {
  const inner = join(from, 'work');
  await put(from, { 'models.json': 'x', 'work/mine.txt': '' });
  await copy(from, inner);
  expect(await files(inner)).toEqual(['mine.txt', 'models.json']);

  await put(to, { 'MAD/models.json': 'y' });
  await copy(join(to, 'MAD'), to);
  expect(await files(to)).toEqual(['MAD/models.json', 'models.json']);
});

test.each(['missing', 'file'])('a %s in its place is a warning', async (name) => {
  await put(scratch, { file: '' });
  expect(await copy(join(scratch, name))).toEqual([
    `warning: MODEL_DIR: there is no folder ${join(scratch, name)}; nothing is copied from it`,
  ]);
  expect(await files(to)).toEqual([]);
});

test('a stop is heard', async () => {
  await put(from, { a: '' });
  const emit: Emit = Object.assign(() => {}, { within: () => emit });
  await expect(copyModelDir({ from, to, emit, signal: AbortSignal.abort('SIGINT') })).rejects.toBe('SIGINT');
});
