/**
 * 2 GB in 2,000 objects from MinIO, over a plain download of the same with the SDK (as many requests at once, straight into
 * the files), each into an empty folder; then a mirror of them that is used again. Needs the servers of `script/servers`.
 */
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { systemClock } from '../src/foundation/clock.ts';
import { silent } from '../src/foundation/event.ts';
import { Scrubber } from '../src/foundation/secret.ts';
import { thisMachine } from '../src/machine/command/this-machine.ts';
import { readCredentials } from '../src/package/credential-file.ts';
import { chooseSource } from '../src/run/data/choose-source.ts';
import { minio } from '../src/run/data/minio.ts';
import { useMirror } from '../src/run/data/mirror.ts';
import type { DataAround, DataSource } from '../src/run/data/provider.ts';
import { compare, measure, print, report } from './measure.ts';

const bucket = 'bench-data-download';
const objects = 2000;
const objectBytes = 2 ** 20;
const atOnce = 16;

const endpoint = process.env.MADENGINE_TEST_MINIO ?? '';
if (endpoint === '') {
  console.log(
    `left out: ${process.env.MADENGINE_TEST_MINIO_MISSING ?? 'there is no MinIO (script/servers)'}`,
  );
  process.exit();
}
const loginFile = await readFile(process.env.MADENGINE_TEST_MINIO_LOGIN_FILE ?? '', 'utf8');
const of = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(loginFile)?.[1] ?? '';
const login = { accessKeyId: of('MINIO_ROOT_USER'), secretAccessKey: of('MINIO_ROOT_PASSWORD') };
const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: login });

const keyOf = (index: number): string => `data/${index % 20}/sample-${index}.bin`;

async function atOnceOver<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

const indexes = Array.from({ length: objects }, (_, index) => index);

async function fill(): Promise<void> {
  await client.send(new CreateBucketCommand({ Bucket: bucket })).catch(() => undefined);
  const there = await client.send(
    new ListObjectsV2Command({ Bucket: bucket, StartAfter: keyOf(objects - 1) }),
  );
  if (there.KeyCount) return;
  await atOnceOver(indexes.toReversed(), async (index) => {
    const Body = randomFillSync(Buffer.allocUnsafe(objectBytes));
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: keyOf(index), Body }));
  });
}

async function plain(into: string): Promise<void> {
  await atOnceOver(indexes, async (index) => {
    const path = join(into, keyOf(index));
    await mkdir(dirname(path), { recursive: true });
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: keyOf(index) }));
    await pipeline(Body as Readable, createWriteStream(path));
  });
}

const env = {
  MAD_MINIO: JSON.stringify({
    USERNAME: login.accessKeyId,
    PASSWORD: login.secretAccessKey,
    MINIO_ENDPOINT: endpoint,
  }),
};
const root = await mkdtemp(join(tmpdir(), 'data-download-'));
const around: DataAround = {
  runner: thisMachine({ env: process.env }),
  clock: systemClock,
  env,
  credentials: await readCredentials(root, env),
  packageDir: root,
  secretsDir: root,
  emit: silent,
  signal: new AbortController().signal,
  scrubber: new Scrubber([]),
};
const source: DataSource = {
  name: 'bench',
  kind: 'minio',
  path: `s3://${bucket}/data`,
  readwrite: false,
  args: '',
};

async function ours(into: string): Promise<void> {
  const fetched = await minio.fetch?.(source, into, around, () => {});
  if (fetched?.files !== objects) throw new Error(`only ${fetched?.files} files came`);
}

/** What one download takes, in seconds, without what it takes to get rid of the last one. */
async function intoEmptyFolder(act: (into: string) => Promise<void>): Promise<number> {
  const into = join(root, 'into');
  await rm(into, { recursive: true, force: true });
  await mkdir(into);
  execFileSync('sync');
  const start = performance.now();
  await act(into);
  return (performance.now() - start) / 1000;
}

/** All that a run does with data that lies in a mirror. */
async function mirrored(): Promise<void> {
  const wanted = { ...source, mirrorlocal: join(root, 'mirror') };
  const { provider, unreachable } = await chooseSource([wanted], around);
  const options = { mirror: wanted.mirrorlocal, source: wanted, provider, around, unreachable };
  const { files } = await useMirror({ ...options, onProgress: () => {} });
  if (files !== objects) throw new Error(`only ${files} files are there`);
}

try {
  await fill();
  const { baseline, candidate, ratio } = await compare(
    { name: 'SDK-plain, 2 GB in 2,000 objects', act: () => intoEmptyFolder(plain) },
    { name: 'ours', act: () => intoEmptyFolder(ours) },
    { repeats: 5 },
  );
  await rm(join(root, 'into'), { recursive: true });
  const first = await measure('ours into a mirror', mirrored, { repeats: 1, warmUps: 0 });
  const second = await measure('the mirror, used again', mirrored);
  report('a download over the SDK-plain one', ratio, 1.2);
  report('into a mirror over the SDK-plain one', first.medianS / baseline.medianS);
  report('a second use of the mirror', second.medianS, 1, ' s');
  print('data-download', [baseline, candidate, first, second]);
} finally {
  await rm(root, { recursive: true, force: true });
  client.destroy();
}
