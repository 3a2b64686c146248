import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { thisMachine } from '../machine/command/this-machine.ts';
import type { ModelCard } from './card.ts';
import { parseCard } from './card-schema.ts';
import { takeSnapshot, unpackSnapshot, writeSnapshotArchive } from './snapshot.ts';
import { digestOf } from './snapshot-content.ts';
import { resolveInside } from './snapshot-link.ts';
import type { PackageFile, PackageSnapshot } from './snapshot-schema.ts';

let base: string;
let root: string;
const runner = thisMachine({ env: { PATH: process.env.PATH, HOME: process.env.HOME } });

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'madengine-snapshot-'));
  root = join(base, 'package');
  await mkdir(root);
});
afterEach(() => rm(base, { recursive: true, force: true }));

async function put(files: Readonly<Record<string, string>>, mode = 0o644): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    await chmod(join(root, path), mode);
  }
}
const point = async (path: string, target: string) => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await symlink(target, join(root, path));
};
const cardWith = (more: object): ModelCard =>
  parseCard({ name: 'm', dockerfile: 'docker/m', scripts: 'scripts/m', ...more }, { file: 'f', index: 0 });
const snap = (...cards: ModelCard[]) => takeSnapshot({ root, cards, runner });
const pathsOf = (snapshot: PackageSnapshot) => snapshot.files.map(({ path }) => path);
const invalid = (text: string) =>
  expect.objectContaining({ code: 'INVALID_FILE', message: expect.stringContaining(text) });

test('a snapshot holds the package and nothing that runs leave, no secrets and no repositories', async () => {
  await put({
    'models.json': '[]',
    'data.json': '{}',
    'credential.json': '{}',
    'perf.csv': '',
    'a.live.log': '',
    'build_manifest.json': '',
    'README.md': '',
    'scripts/m/run.sh': '',
    'scripts/m/perf_test.sh': '',
    'scripts/m/credential.json': '',
    'scripts/m/__pycache__/x.pyc': '',
    'scripts/m/.git/HEAD': '',
    'docker/m.ubuntu.Dockerfile': '',
    'docker/node_modules/x/y': '',
    '.madengine/campaigns/x': '',
  });
  expect(pathsOf(await snap())).toEqual([
    'data.json',
    'docker/m.ubuntu.Dockerfile',
    'models.json',
    'scripts/m/perf_test.sh',
    'scripts/m/run.sh',
  ]);
});

test('a dockercontext of the whole package still leaves results and secrets out', async () => {
  await put({ 'models.json': '', 'perf.csv': '', 'credential.json': '', 'src/a.c': '', 'm.live.log': '' });
  expect(pathsOf(await snap(cardWith({ dockercontext: '.' })))).toEqual(['models.json', 'src/a.c']);
});

test('what selected cards name elsewhere comes along', async () => {
  await put({
    'other/x.ubuntu.Dockerfile': '',
    'other/x2.ubuntu.Dockerfile': '',
    'context/file': '',
    'tools/run.sh': '',
    'tools/lib/part.sh': '',
    'root.sh': '',
    'unrelated/file': '',
  });
  const one = cardWith({ dockerfile: 'other/x', dockercontext: 'context', scripts: 'tools/run.sh' });
  const two = cardWith({ scripts: 'root.sh' });
  expect(pathsOf(await snap(one, two))).toEqual([
    'context/file',
    'other/x.ubuntu.Dockerfile',
    'root.sh',
    'tools/lib/part.sh',
    'tools/run.sh',
  ]);
});

test('modes are those of git, whatever the umask was', async () => {
  await put({ 'scripts/a': 'a', 'scripts/b': 'b' }, 0o600);
  await chmod(join(root, 'scripts/b'), 0o750);
  const snapshot = await snap();
  expect(snapshot.files.map(({ mode, bytes }) => [mode, bytes])).toEqual([
    ['644', 1],
    ['755', 1],
  ]);
  expect(snapshot.files[0]?.sha256).toBe(createHash('sha256').update('a').digest('hex'));
});

test('the digest changes with content, mode and path, and with nothing else', async () => {
  await put({ 'scripts/a': 'a', 'scripts/b': 'b' });
  const { digest } = await snap();
  await put({ 'perf.csv': 'x' });
  expect((await snap()).digest).toBe(digest);
  await chmod(join(root, 'scripts/a'), 0o755);
  const other = (await snap()).digest;
  expect(other).not.toBe(digest);
  await put({ 'scripts/a': 'A' }, 0o755);
  expect((await snap()).digest).not.toBe(other);
});

test('no two lists of files have one digest by means of odd names', () => {
  const file = fc.record({
    path: fc.string({ unit: fc.constantFrom('a', '\n', '7', 'c'), minLength: 1, maxLength: 6 }),
    mode: fc.constantFrom('644', 'link'),
    bytes: fc.constant(0),
    sha256: fc.constantFrom('a', 'c'),
  });
  const list = fc.uniqueArray(file, { maxLength: 3, selector: ({ path }) => path });
  const sorted = (files: PackageFile[]) =>
    JSON.stringify(files.toSorted((a, b) => (a.path < b.path ? -1 : 1)));
  fc.assert(
    fc.property(list, list, (a, b) => {
      expect(digestOf(a) === digestOf(b)).toBe(sorted(a) === sorted(b));
    }),
  );
});

test('links inside are kept, with what they point to', async () => {
  await put({ 'shared/deep/file': '1', 'scripts/m/run.sh': '' });
  await point('scripts/m/data', '../../alias');
  await point('alias', 'shared/deep');
  await point('scripts/dangling', 'nowhere');
  const snapshot = await snap();
  expect(snapshot.files.map(({ path, mode }) => `${path} ${mode}`)).toEqual([
    'alias link',
    'scripts/dangling link',
    'scripts/m/data link',
    'scripts/m/run.sh 644',
    'shared/deep/file 644',
  ]);
});

test.each([
  ['up', '../../outside'],
  ['absolute', '/etc/hostname'],
  ['absolute although inside', ''],
  ['round in circles', 'leaving'],
  ['up behind another link', '../deep/../x'],
])('a link that leaves the package is an error that names it: %s', async (_what, target) => {
  await put({ 'scripts/run.sh': '', 'a/b/file': '' });
  // Behind this link, ".." is above the package although it doesn't look so.
  await point('deep', 'a/..');
  if (target.includes('deep')) await rm(join(root, 'deep')).then(() => point('deep', 'scripts/..'));
  await point('scripts/leaving', target === '' ? join(root, 'a/b/file') : target.replace('/x', '/../x'));
  await expect(snap()).rejects.toThrowError(invalid('scripts/leaving'));
});

test('pipes and sockets are left out, hard links are files', async () => {
  await put({ 'scripts/run.sh': 'x' });
  await link(join(root, 'scripts/run.sh'), join(root, 'scripts/same.sh'));
  execFileSync('mkfifo', [join(root, 'scripts/pipe')]);
  expect(pathsOf(await snap())).toEqual(['scripts/run.sh', 'scripts/same.sh']);
});

test('a package that git tracks has a commit, and is dirty only by its own changes', async () => {
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', base, '-c', 'user.name=t', '-c', 'user.email=t@t', ...words], {
      encoding: 'utf8',
    });
  await put({ 'models.json': '[]', 'scripts/run.sh': '' });
  await writeFile(join(base, 'beside'), '');
  expect(await snap()).toMatchObject({ commit: null, dirty: null });
  git('init', '-q');
  expect(await snap()).toMatchObject({ commit: null, dirty: null });
  git('add', 'beside');
  git('commit', '-qm', 'one');
  expect(await snap()).toMatchObject({ commit: null, dirty: null });
  git('add', '.');
  git('commit', '-qm', 'two');
  await writeFile(join(base, 'beside'), 'changed');
  await put({ 'perf.csv': '', 'x.run.live.log': '', 'scripts/credential.json': '' });
  await put({ '.madengine/x': '', 'results_summary.json': '', 'common_info.json': '' });
  await put({ 'sizes.csv': '', 'sizes_env.csv': '', 'sizes_env/cpu.txt': '', 'rocprof_output/x.csv': '' });
  expect(await snap()).toMatchObject({ commit: git('rev-parse', 'HEAD').trim(), dirty: false });
  await put({ 'scripts/new.sh': '' });
  expect(await snap()).toMatchObject({ dirty: true });
});

const tree = async (folder: string): Promise<Record<string, string>> => {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1);
    if (entry.isSymbolicLink()) found[name] = `-> ${await readlink(path)}`;
    else if (entry.isFile())
      found[name] = `${((await stat(path)).mode & 0o777).toString(8)} ${await readFile(path, 'latin1')}`;
  }
  return found;
};

async function packed(): Promise<{ snapshot: PackageSnapshot; archive: string; sha256: string }> {
  const snapshot = await snap();
  const archive = join(base, 'package.tar.gz');
  return { snapshot, archive, sha256: (await writeSnapshotArchive(root, snapshot, archive)).sha256 };
}

test('an archive unpacks to the same files, modes and links, and to the same digest', async () => {
  const long = `scripts/${'long/'.repeat(60)}${'n'.repeat(120)}`;
  await put({ 'models.json': '[]', [long]: 'far', 'scripts/odd \n"name" é': 'o', 'scripts/empty': '' });
  await put({ 'scripts/run.sh': 'x'.repeat(3_000_001) }, 0o755);
  await point('scripts/again', 'run.sh');
  const { snapshot, archive, sha256 } = await packed();
  expect(
    createHash('sha256')
      .update(await readFile(archive))
      .digest('hex'),
  ).toBe(sha256);
  const into = join(base, 'cache/unpacked');
  await unpackSnapshot(archive, snapshot, into);
  expect(await tree(into)).toEqual(await tree(root));
  root = into;
  expect((await snap()).digest).toBe(snapshot.digest);
});

test('the same content gives the same archive, byte for byte', async () => {
  await put({ 'models.json': '[]', 'scripts/b': 'b', 'scripts/a': 'a' });
  const first = await packed();
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await put({ 'scripts/a': 'a' }, 0o640);
  expect((await packed()).sha256).toBe(first.sha256);
});

test('the system tar reads it', async () => {
  await put({ 'scripts/a': 'a' });
  const { archive } = await packed();
  expect(execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' })).toBe('scripts/a\n');
});

test.each(['other', '', 'longer than before', 'y'.repeat(5_000_000)])(
  'a file that changed between snapshot and archive is an error, and no archive appears (%#)',
  async (content) => {
    await put({ 'scripts/a': 'first', 'scripts/b': 'z'.repeat(100_000) });
    const snapshot = await snap();
    await put({ 'scripts/a': content });
    await expect(writeSnapshotArchive(root, snapshot, join(base, 'x.tar.gz'))).rejects.toThrowError(
      invalid('scripts/a changed'),
    );
    expect(await readdir(base)).toEqual(['package']);
  },
);

test('an archive that cannot be written is the error of the file system', async () => {
  await put({ 'scripts/a': 'z'.repeat(5_000_000) });
  const snapshot = await snap();
  await expect(writeSnapshotArchive(root, snapshot, join(base, 'absent/x.tar.gz'))).rejects.toThrowError(
    expect.objectContaining({ code: 'ENOENT' }),
  );
});

test('a folder that is there already is used as it is', async () => {
  await put({ 'scripts/a': 'a' });
  const { snapshot, archive } = await packed();
  await unpackSnapshot(archive, snapshot, join(base, 'u'));
  await writeFile(join(base, 'u/mark'), '');
  await rm(archive);
  await unpackSnapshot(archive, snapshot, join(base, 'u'));
  expect(await readdir(join(base, 'u'))).toContain('mark');
});

test('several that unpack at once all end with the whole folder', async () => {
  await put(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`scripts/${index}`, `${index}`])));
  const { snapshot, archive } = await packed();
  const into = join(base, 'u');
  await Promise.all(Array.from({ length: 5 }, () => unpackSnapshot(archive, snapshot, into)));
  expect(Object.keys(await tree(into))).toHaveLength(50);
  expect((await readdir(base)).sort()).toEqual(['package', 'package.tar.gz', 'u']);
});

test('an absent archive is FILE_NOT_FOUND', async () => {
  await put({ 'scripts/a': 'a' });
  const snapshot = await snap();
  await expect(unpackSnapshot(join(base, 'none'), snapshot, join(base, 'u'))).rejects.toThrowError(
    expect.objectContaining({ code: 'FILE_NOT_FOUND' }),
  );
});

type Part = {
  name: string;
  type?: 'file' | 'symlink' | 'link' | 'directory' | 'fifo';
  linkname?: string;
  content?: string;
};

async function attack(parts: readonly Part[], files: readonly Omit<PackageFile, 'bytes'>[], claims?: number) {
  const archive = join(base, 'attack.tar.gz');
  const tar = pack();
  for (const { name, type = 'file', linkname, content = '' } of parts) {
    tar.entry({ name, type, ...(linkname === undefined ? {} : { linkname }) }, content);
  }
  tar.finalize();
  await pipeline(tar, createGzip(), createWriteStream(archive));
  const listed = files.map((file) => ({ ...file, bytes: claims ?? 1 }));
  const snapshot = { digest: digestOf(listed), commit: null, dirty: null, files: listed };
  return { archive, snapshot };
}
const sha = (text: string) => createHash('sha256').update(text).digest('hex');
const good = { path: 'a', mode: '644', sha256: sha('x') };
const linkTo = (path: string, target: string) => ({ path, mode: 'link', sha256: sha(target) });

test.each<[string, Part[], Omit<PackageFile, 'bytes'>[], number?]>([
  ['a path that climbs', [{ name: '../a', content: 'x' }], [{ ...good, path: '../a' }]],
  ['an absolute path', [{ name: '/a', content: 'x' }], [{ ...good, path: '/a' }]],
  ['a file that the manifest does not know', [{ name: 'a', content: 'x' }, { name: 'b' }], [good]],
  ['a missing file', [], [good]],
  [
    'a file twice',
    [
      { name: 'a', content: 'x' },
      { name: 'a', content: 'x' },
    ],
    [good],
  ],
  ['another content', [{ name: 'a', content: 'y' }], [good]],
  ['another size', [{ name: 'a', content: 'xx' }], [{ ...good, sha256: sha('xx') }]],
  ['a link in place of a file', [{ name: 'a', type: 'symlink', linkname: '/etc' }], [good]],
  ['a hard link in place of a file', [{ name: 'a', type: 'link', linkname: '/etc/passwd' }], [good]],
  ['a pipe in place of a file', [{ name: 'a', type: 'fifo' }], [good], 0],
  ['a link out', [{ name: 'l', type: 'symlink', linkname: '../x' }], [linkTo('l', '../x')]],
  ['an absolute link', [{ name: 'l', type: 'symlink', linkname: '/x' }], [linkTo('l', '/x')]],
  [
    'a link out by means of another',
    [
      { name: 'd/l', type: 'symlink', linkname: '..' },
      { name: 'm', type: 'symlink', linkname: 'd/l/../x' },
    ],
    [linkTo('d/l', '..'), linkTo('m', 'd/l/../x')],
  ],
  [
    'a file below a link',
    [
      { name: 'l', type: 'symlink', linkname: '..' },
      { name: 'l/a', content: 'x' },
    ],
    [linkTo('l', '..'), { ...good, path: 'l/a' }],
  ],
  ['a set-user-id mode', [{ name: 'a', content: 'x' }], [{ ...good, mode: '4755' }]],
])('refuses %s and leaves nothing behind', async (_what, parts, files, claims) => {
  const { archive, snapshot } = await attack(parts, files, claims);
  await expect(unpackSnapshot(archive, snapshot, join(base, 'u'))).rejects.toThrowError(invalid(archive));
  expect((await readdir(base)).sort()).toEqual(['attack.tar.gz', 'package']);
});

test('refuses a manifest whose files are not those of its digest', async () => {
  const { archive, snapshot } = await attack([{ name: 'a', content: 'x' }], [good]);
  await expect(
    unpackSnapshot(archive, { ...snapshot, digest: 'sha256:0' }, join(base, 'u')),
  ).rejects.toThrowError(invalid('sha256:0'));
});

test('refuses an archive that grows without end', async () => {
  const archive = join(base, 'bomb.tar.gz');
  const zeros = async function* () {
    for (let count = 0; count < 200; count++) yield Buffer.alloc(2 ** 20);
  };
  await pipeline(zeros, createGzip(), createWriteStream(archive));
  const snapshot = { digest: digestOf([]), commit: null, dirty: null, files: [] };
  await expect(unpackSnapshot(archive, snapshot, join(base, 'u'))).rejects.toThrowError(
    invalid('more than it should'),
  );
});

test.each(['', 'plain text', 'cut'])('refuses what is no archive: %j', async (content) => {
  await put({ 'scripts/a': 'a'.repeat(1000), 'scripts/b': 'b'.repeat(1000) });
  const { snapshot, archive } = await packed();
  const whole = await readFile(archive);
  await writeFile(archive, content === 'cut' ? whole.subarray(0, whole.length - 40) : content);
  await expect(unpackSnapshot(archive, snapshot, join(base, 'u'))).rejects.toThrowError(invalid(archive));
});

test('following links on paper ends where the file system ends', async () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const target = fc.array(fc.constantFrom('a', 'b', 'c', '..', '.'), { minLength: 1, maxLength: 4 });
  const links = fc.uniqueArray(fc.tuple(name, name, target), {
    maxLength: 5,
    selector: ([folder, file]) => `${folder}/${file}`,
  });
  await fc.assert(
    fc.asyncProperty(links, target, async (made, asked) => {
      await rm(root, { recursive: true, force: true });
      // The package lies two folders deep, so that leaving it leads to something that exists.
      for (const folder of ['a', 'b', 'c']) await mkdir(join(root, folder), { recursive: true });
      const known = new Map<string, string>();
      for (const [folder, file, words] of made) {
        known.set(`${folder}/${file}`, words.join('/'));
        await symlink(words.join('/'), join(root, folder, file));
      }
      const real = await import('node:fs/promises').then(({ realpath }) =>
        realpath(`${root}/${asked.join('/')}`).catch(() => undefined),
      );
      const found = await resolveInside(asked.join('/'), (path) => known.get(path));
      if (real === undefined) return;
      // A way that leaves and comes back is refused too, so refusing is always safe; accepting has to be right.
      if (found !== undefined) expect(join(root, found)).toBe(real);
      else
        expect(`${real}/`.startsWith(`${root}/`) && !asked.includes('..') && made.length === 0).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test('a git that can not be started says nothing about the package', async () => {
  await put({ 'models.json': '[]', 'scripts/m/run.sh': '' });
  const broken = { ...runner, which: async () => join(base, 'no-git') };
  expect(await takeSnapshot({ root, cards: [], runner: broken })).toMatchObject({
    commit: null,
    dirty: null,
  });
});
