/** What `minio` and `aws` have in common: all but where the server is and who logs in. */
import { createHash } from 'node:crypto';
import { MadError, toMadError } from '../../../foundation/error.ts';
import { quoted } from '../../../package/package-path.ts';
import type { DataAround, DataProvider, DataSource } from '../provider.ts';
import { readS3Address, type S3Address } from './address.ts';
import { download } from './download.ts';
import { s3Error } from './error.ts';
import { type FoundObjects, findObjects } from './find-objects.ts';
import { openStore } from './open-store.ts';
import { planDownload } from './plan-download.ts';
import { s3Settings } from './settings.ts';
import type { ObjectStore } from './stored-object.ts';

/** More would gain nothing on one machine's network, and some stores refuse it. */
const connections = 16;
const blockBytes = 8 * 1024 ** 2;

/** The provider of one kind of object store. */
export function s3Provider(kind: 'minio' | 'aws'): DataProvider {
  const ask = <T>(source: DataSource, around: DataAround, act: AskStore<T>): Promise<T> =>
    withStore(kind, source, around, act);
  // What a version stands for is what is fetched then, without asking for a long list twice.
  const listed = new WeakMap<DataSource, FoundObjects>();
  return {
    kind,
    async check(source, around) {
      try {
        await ask(source, around, (store, address) => findObjects(store, address, 'first'));
        return undefined;
      } catch (error) {
        around.signal.throwIfAborted();
        const { message, hint, passes = false } = toMadError(error);
        return { why: hint === undefined ? message : `${message} ${hint}`, passes };
      }
    },
    version: (source, around) =>
      ask(source, around, async (store, address) => {
        const hash = createHash('sha256');
        const found = await findObjects(store, address);
        listed.set(source, found);
        const { objects } = found;
        for (const { key, size, etag } of objects) hash.update(`${JSON.stringify([key, size, etag])}\n`);
        return hash.digest('hex');
      }),
    fetch: (source, into, around, onProgress) =>
      ask(source, around, async (store, address) => {
        const found = listed.get(source) ?? (await findObjects(store, address));
        listed.delete(source);
        const plan = planDownload(found, into);
        const { clock, signal } = around;
        // The mirror wants to know, and would otherwise read all of it once more.
        const wantsSha256 = source.mirrorlocal !== undefined;
        const limits = { connections, blockBytes, wantsSha256 };
        return download({ store, plan, into, clock, signal, onProgress, ...limits });
      }),
  };
}

type AskStore<T> = (store: ObjectStore, address: S3Address) => Promise<T>;

/** Throws a MadError, or the signal's reason when it aborts. */
async function withStore<T>(
  kind: 'minio' | 'aws',
  source: DataSource,
  around: DataAround,
  act: AskStore<T>,
): Promise<T> {
  const address = readS3Address(source.path);
  if ('wrong' in address) {
    throw new MadError(
      'INVALID_FILE',
      `data ${quoted(source.name)}: ${address.wrong}, not ${quoted(source.path)}.`,
      {
        hint: 'Correct the path in data.json.',
      },
    );
  }
  const { env, credentials, signal, clock } = around;
  const settings = s3Settings(kind, credentials, env);
  const store = await openStore(settings, { bucket: address.bucket, env, connections, clock, signal });
  try {
    return await act(store, address);
  } catch (error) {
    signal.throwIfAborted();
    throw toMadError(s3Error(error, { address, settings }));
  } finally {
    store.close();
  }
}
