import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MadError } from '../../foundation/error.ts';
import { tryLock } from '../../foundation/file/lock.ts';
import { fakeAround } from './fake-around.ts';
import { isComplete, useMirror } from './mirror.ts';
import { mirrorPlace, readIndex } from './mirror-index.ts';
import type { DataProvider, DataSource } from './provider.ts';

interface Remote extends DataProvider {
  objects: Record<string, string>;
  /** Names of what was really sent. */
  sent: string[];
  /** Breaks off before the object of that name. */
  breaksAt?: string | undefined;
  waitFor?: Promise<void>;
}

/** Sends what is missing or has another size, as clients of object stores do. */
function remote(objects: Record<string, string>): Remote {
  const self: Remote = {
    kind: 'minio',
    objects,
    sent: [],
    check: async () => undefined,
    async fetch(_source, into, _around, onProgress) {
      await self.waitFor;
      let bytes = 0;
      let reusedBytes = 0;
      const entries = Object.entries(self.objects);
      for (const [name, content] of entries) {
        if (name === self.breaksAt) throw new MadError('DATA_UNAVAILABLE', 'the connection broke');
        const path = join(into, name);
        bytes += content.length;
        if ((await stat(path).catch(() => undefined))?.size === content.length) reusedBytes += content.length;
        else {
          await mkdir(dirname(path), { recursive: true });
          await writeFile(path, content);
          self.sent.push(name);
        }
        onProgress(bytes, undefined);
      }
      return { files: entries.length, bytes, reusedBytes };
    },
  };
  return self;
}

const source: DataSource = { name: 'set', kind: 'minio', path: 's3://b/set', readwrite: false, args: '' };

/** A busy machine takes its time. */
const patient = { timeout: 20_000 };

async function setUp(objects = { 'a.txt': 'aaaa', 'sub/b.txt': 'bb' }) {
  const mirror = await mkdtemp(join(tmpdir(), 'mirror-'));
  onTestFinished(() => rm(mirror, { recursive: true, force: true }));
  const provider = remote(objects);
  const around = fakeAround(mirror);
  const use = (more: { unreachable?: string; source?: DataSource } = {}) =>
    useMirror({
      mirror,
      source: more.source ?? source,
      provider,
      around,
      onProgress: () => {},
      unreachable: more.unreachable,
    });
  const file = (name: string) => join(mirror, 'set', name);
  return { mirror, provider, around, use, file, index: () => readIndex(mirrorPlace(mirror, 'set').index) };
}

test('data is fetched once and then found in the mirror', async () => {
  const { provider, use, index, mirror } = await setUp();
  expect(isComplete(mirror, source)).toBe(false);
  expect(await use()).toMatchObject({ isReused: false, files: 2, bytes: 6, reusedBytes: 0 });
  expect(index()).toMatchObject({ state: 'complete', bytes: 6 });
  expect(isComplete(mirror, source)).toBe(true);
  expect(await use()).toMatchObject({ isReused: true, files: 2, bytes: 6, reusedBytes: 6 });
  expect(provider.sent).toEqual(['a.txt', 'sub/b.txt']);
});

test('a download that broke is not taken for complete, and goes on where it stopped', async () => {
  const { provider, use, index, mirror } = await setUp();
  provider.breaksAt = 'sub/b.txt';
  await expect(use()).rejects.toThrow('the connection broke');
  expect(index()?.state).toBe('incomplete');
  expect(isComplete(mirror, source)).toBe(false);
  provider.breaksAt = undefined;
  expect(await use()).toMatchObject({ isReused: false, reusedBytes: 4 });
  expect(provider.sent).toEqual(['a.txt', 'sub/b.txt']);
});

test('a file with the right size and another content is fetched again', async () => {
  const { provider, around, use, file } = await setUp();
  await use();
  await writeFile(file('a.txt'), 'aaxa');
  expect(await use()).toMatchObject({ isReused: false, reusedBytes: 2 });
  expect(await readFile(file('a.txt'), 'utf8')).toBe('aaaa');
  expect(provider.sent).toEqual(['a.txt', 'sub/b.txt', 'a.txt']);
  expect(around.events).toMatchObject([{ type: 'notice', code: 'MIRROR_CHANGED' }]);
});

test('the same is seen when the times of the file were put back', async () => {
  const { use, file } = await setUp();
  await use();
  const { atime, mtime } = await stat(file('a.txt'));
  await writeFile(file('a.txt'), 'aaxa');
  await utimes(file('a.txt'), atime, mtime);
  expect(await use()).toMatchObject({ isReused: false });
});

test('a file that was only touched is looked into once, and stays', async () => {
  const { provider, use, file, index } = await setUp();
  await use();
  await utimes(file('a.txt'), 1, 1);
  const before = index()?.files['a.txt']?.mtime_ns;
  expect(await use()).toMatchObject({ isReused: true });
  expect(index()?.files['a.txt']?.mtime_ns).not.toBe(before);
  expect(provider.sent).toHaveLength(2);
});

test('a missing file is fetched again', async () => {
  const { provider, use, file } = await setUp();
  await use();
  await rm(file('sub'), { recursive: true });
  expect(await use()).toMatchObject({ isReused: false });
  expect(provider.sent).toEqual(['a.txt', 'sub/b.txt', 'sub/b.txt']);
});

test('data of another source takes the place of what was there', async () => {
  const { provider, use, file } = await setUp();
  await use();
  provider.objects = { 'c.txt': 'c' };
  expect(await use({ source: { ...source, path: 's3://other/set' } })).toMatchObject({ files: 1 });
  expect(existsSync(file('a.txt'))).toBe(false);
});

test('a provider that tells versions gets asked again when the data has another one', async () => {
  const { provider, use, file } = await setUp();
  let version = '1';
  provider.version = async () => version;
  await use();
  expect(await use()).toMatchObject({ isReused: true });
  provider.objects['new.txt'] = 'n';
  version = '2';
  expect(await use()).toMatchObject({ isReused: false, files: 3 });
  expect(existsSync(file('new.txt'))).toBe(true);
  version = '3';
  expect(await use({ unreachable: 'no route' })).toMatchObject({ isReused: true });
});

test('a second program waits for the first, says so, and then finds everything', async () => {
  const { provider, around, use } = await setUp();
  let release = () => {};
  provider.waitFor = new Promise((resolve) => {
    release = resolve;
  });
  const first = use();
  await expect.poll(() => existsSync(mirrorPlace(around.packageDir, 'set').index), patient).toBe(true);
  const second = use();
  await expect.poll(() => around.events, patient).toMatchObject([{ type: 'notice', code: 'MIRROR_IN_USE' }]);
  release();
  expect([(await first).isReused, (await second).isReused]).toEqual([false, true]);
});

test('who waits for a mirror can be interrupted, and the next one is not held up by that', async () => {
  const { provider, around, use } = await setUp();
  let release = () => {};
  provider.waitFor = new Promise((resolve) => {
    release = resolve;
  });
  const first = use();
  await expect.poll(() => existsSync(mirrorPlace(around.packageDir, 'set').index), patient).toBe(true);
  const stop = new AbortController();
  const second = useMirror({
    mirror: around.packageDir,
    source,
    provider,
    around: { ...around, signal: stop.signal },
    onProgress: () => {},
    unreachable: undefined,
  });
  await expect.poll(() => around.events, patient).toMatchObject([{ type: 'notice', code: 'MIRROR_IN_USE' }]);
  stop.abort('SIGINT');
  await expect(second).rejects.toBe('SIGINT');
  release();
  await first;
  expect(await use()).toMatchObject({ isReused: true });
});

test('the lock keeps others out of a mirror, too', async () => {
  const { around, use } = await setUp();
  const place = mirrorPlace(around.packageDir, 'set');
  await mkdir(dirname(place.lock));
  const lock = tryLock(place.lock);
  const waiting = use();
  await expect.poll(() => around.events, patient).toMatchObject([{ type: 'notice', code: 'MIRROR_IN_USE' }]);
  expect(existsSync(place.index)).toBe(false);
  lock?.release();
  expect(await waiting).toMatchObject({ isReused: false });
});

test('a link that a run laid in a mirror leads nobody out', async () => {
  const { provider, use, file, mirror } = await setUp();
  await use();
  const outside = join(mirror, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'b.txt'), 'mine');
  await rm(file('sub'), { recursive: true });
  await symlink(outside, file('sub'));
  await use();
  expect(await readFile(join(outside, 'b.txt'), 'utf8')).toBe('mine');
  expect(await readFile(file('sub/b.txt'), 'utf8')).toBe('bb');
  expect(provider.sent).toEqual(['a.txt', 'sub/b.txt', 'sub/b.txt']);
});

test('an index that nobody can read, or that leads out, is as good as none', async () => {
  const { mirror, use, index } = await setUp();
  await use();
  const place = mirrorPlace(mirror, 'set');
  const written = await readFile(place.index, 'utf8');
  for (const text of ['{', '[]', written.replace('a.txt', '../a.txt')]) {
    await writeFile(place.index, text);
    expect(index()).toBeUndefined();
    expect(await use()).toMatchObject({ isReused: false, reusedBytes: 6 });
  }
});

test.each(['a/b', '..', '.madengine', 'a\u0000', 'x'.repeat(201)])('%j has no folder in a mirror', (name) => {
  expect(() => mirrorPlace('/mirror', name)).toThrow(MadError);
});
