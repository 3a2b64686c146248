import { expect, test } from 'vitest';
import { MadError } from '../../foundation/error.ts';
import { fakeAround } from './fake-around.ts';
import { fetchGuarded } from './fetch-guarded.ts';
import type { DataProvider, DataSource } from './provider.ts';

const source: DataSource = { name: 'set', kind: 'aws', path: 's3://b/set', readwrite: false, args: '' };
const whole = { files: 1, bytes: 10, reusedBytes: 0 };
const withFetch = (fetch: NonNullable<DataProvider['fetch']>): DataProvider => ({
  kind: 'aws',
  check: async () => undefined,
  fetch,
});

test('a download that can never fit is stopped, and what is missing is told', async () => {
  let wasStopped = false;
  const provider = withFetch(async (_source, _into, { signal }, onProgress) => {
    onProgress(1024, 4096);
    wasStopped = signal.aborted;
    signal.throwIfAborted();
    return whole;
  });
  const fetching = fetchGuarded(
    provider,
    source,
    '/mirror/set',
    fakeAround('/'),
    () => {},
    () => 2048,
  );
  await expect(fetching).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: "data set of 4.0 KiB from aws doesn't fit into /mirror/set: 1.0 KiB are missing on the disk",
  });
  expect(wasStopped).toBe(true);
});

test('a disk that fills up on the way is told in the same words', async () => {
  let free = 4096;
  const provider = withFetch(async (_source, _into, _around, onProgress) => {
    onProgress(0, 4096);
    onProgress(1024, 4096);
    free = 0;
    throw Object.assign(new Error('write'), { code: 'ENOSPC' });
  });
  const fetching = fetchGuarded(
    provider,
    source,
    '/mirror/set',
    fakeAround('/'),
    () => {},
    () => free,
  );
  await expect(fetching).rejects.toThrow('3.0 KiB are missing on the disk');
});

test('an interruption is thrown as what it is, whatever the provider makes of it', async () => {
  const stop = new AbortController();
  const provider = withFetch(async () => {
    stop.abort('SIGINT');
    throw new MadError('DATA_UNAVAILABLE', 'the connection broke');
  });
  const fetching = fetchGuarded(provider, source, '/', fakeAround('/', stop.signal), () => {});
  await expect(fetching).rejects.toBe('SIGINT');
});
