import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../foundation/clock.ts';
import { download } from './download.ts';
import { planDownload } from './plan-download.ts';
import type { ObjectStore } from './stored-object.ts';

test('an object that was replaced after it was listed comes as it is now, and counts so', async () => {
  const into = await mkdtemp(join(tmpdir(), 'download-'));
  onTestFinished(() => rm(into, { recursive: true }));
  const now = { key: 'data/a', size: 9, etag: 'new' };
  const store: ObjectStore = {
    list: async function* () {
      yield [];
    },
    look: async () => ({ ...now, checksum: undefined }),
    firstPartBytes: async () => undefined,
    open: async ({ etag }) => {
      if (etag !== now.etag) throw Object.assign(new Error('changed'), { name: 'PreconditionFailed' });
      return { body: Readable.from([Buffer.from('new words')]), checksum: undefined };
    },
    close() {},
  };
  const told: [number, number][] = [];
  const plan = planDownload({ base: 'data/', objects: [{ key: 'data/a', size: 3, etag: 'old' }] }, into);
  const limits = { connections: 2, blockBytes: 1024, wantsSha256: false };
  const got = await download({
    ...{ store, plan, into, clock: systemClock, signal: new AbortController().signal, ...limits },
    onProgress: (done, total) => told.push([done, total]),
  });
  expect(got).toMatchObject({ files: 1, bytes: 9, reusedBytes: 0 });
  expect(told.at(-1)).toEqual([9, 9]);
  expect(await readdir(into)).toEqual(['a']);
  expect(await readFile(join(into, 'a'), 'utf8')).toBe('new words');
});
