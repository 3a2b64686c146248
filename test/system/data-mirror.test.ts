/** Data of a real MinIO in mirrors: broken downloads, a full disk, a server that is gone. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './support/folder.ts';
import { runCli, startCli } from './support/program.ts';
import { readRecords } from './support/results.ts';
import { goodScript, manifestWithoutImages, tinyPackage } from './support/tiny-package.ts';

const execute = promisify(execFile);
const { minio, minioLoginFile } = inject('servers');
const bucket = `data-mirror-${process.pid}`;
const objects = 64;
const objectBytes = 1024 ** 2;
let store: S3Client | undefined;
let login: { USERNAME: string; PASSWORD: string };

beforeAll(async () => {
  if (minio === '') return;
  const text = await readFile(minioLoginFile, 'utf8');
  const value = (name: string): string => new RegExp(`${name}=(.*)`).exec(text)?.[1] ?? '';
  login = { USERNAME: value('MINIO_ROOT_USER'), PASSWORD: value('MINIO_ROOT_PASSWORD') };
  store = new S3Client({
    endpoint: minio,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: login.USERNAME, secretAccessKey: login.PASSWORD },
  });
  await store.send(new CreateBucketCommand({ Bucket: bucket }));
  const body = randomBytes(objectBytes);
  for (let number = 0; number < objects; number++) {
    body.writeUInt32LE(number, 0);
    await store.send(
      new PutObjectCommand({ Bucket: bucket, Key: `set/${number}.bin`, Body: Buffer.from(body) }),
    );
  }
});

afterAll(async () => {
  const Objects = Array.from({ length: objects }, (_, number) => ({ Key: `set/${number}.bin` }));
  await store?.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
  await store?.send(new DeleteBucketCommand({ Bucket: bucket }));
  store?.destroy();
});

/** A package whose model counts the files of its data, run on the host. */
async function counter(): Promise<{ folder: string; argv: string[]; env: Record<string, string> }> {
  const script = `find "$MAD_DATAHOME" -name '*.bin' | wc -l; cat "$MAD_DATAHOME"/*.bin | cksum\n${goodScript}`;
  const models = [{ name: 'm', script, card: { data: 'set' } }];
  const folder = await tinyPackage(models);
  await writeFile(
    join(folder, 'data.json'),
    JSON.stringify({ data_sources: { set: { minio: { path: `s3://${bucket}/set` } } } }),
  );
  await manifestWithoutImages(folder, models);
  return {
    folder,
    argv: ['run', '--manifest-file', 'build_manifest.json', '--engine', 'host', '--live-output'],
    env: { MAD_MINIO: JSON.stringify({ ...login, MINIO_ENDPOINT: minio }) },
  };
}

const indexOf = async (mirror: string): Promise<{ state?: string }> =>
  JSON.parse(await readFile(join(mirror, '.madengine/set.json'), 'utf8').catch(() => '{}'));

test('a download that was killed goes on at the next run, and is then used without its server', async (context) => {
  if (minio === '') context.skip(inject('servers').minioMissing);
  const { folder, argv, env } = await counter();
  const mirror = join(await temporaryFolder(), 'mirror');
  const withMirror = [...argv, '--force-mirror-local', mirror];
  const first = startCli(withMirror, { cwd: folder, env });
  const some = async (): Promise<number> => (await readdir(join(mirror, 'set')).catch(() => [])).length;
  await expect.poll(some, { timeout: 60_000, interval: 1 }).toBeGreaterThan(3);
  first.kill('SIGKILL');
  expect((await first.ended).signal).toBe('SIGKILL');
  expect((await indexOf(mirror)).state).toBe('incomplete');

  const second = await runCli(withMirror, { cwd: folder, env });
  expect(second.exitCode, second.stdout + second.stderr).toBe(0);
  expect(second.stdout).toMatch(new RegExp(`^${objects}$`, 'm'));
  expect((await indexOf(mirror)).state).toBe('complete');
  const records = await readRecords(folder);
  const data = records.at(-1)?.data as { bytes: number; items: { reused_bytes: number; mirror: string }[] };
  expect(data).toMatchObject({ bytes: objects * objectBytes, items: [{ mirror: join(mirror, 'set') }] });
  expect(data.items[0]?.reused_bytes).toBeGreaterThan(0);

  const gone = { MAD_MINIO: JSON.stringify({ ...login, MINIO_ENDPOINT: 'http://127.0.0.1:9' }) };
  const third = await runCli(withMirror, { cwd: folder, env: gone });
  expect(third.exitCode, third.stdout + third.stderr).toBe(0);
  expect(third.stderr).toContain('taking its mirror, which is complete');

  await writeFile(join(mirror, 'set/7.bin'), Buffer.alloc(objectBytes));
  const damaged = await runCli(withMirror, { cwd: folder, env: gone });
  expect(damaged.exitCode).toBe(3);
  const mended = await runCli(withMirror, { cwd: folder, env });
  expect(mended.exitCode, mended.stdout + mended.stderr).toBe(0);
  const sums = [second, mended].map(({ stdout }) => /^\d+ \d+$/m.exec(stdout)?.[0]);
  expect(sums[1]).toBe(sums[0]);
});

test('without a mirror the data goes with the run', async (context) => {
  if (minio === '') context.skip(inject('servers').minioMissing);
  const { folder, argv, env } = await counter();
  const run = await runCli(argv, { cwd: folder, env });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  const left = await readdir(join(folder, '.madengine'), { recursive: true });
  expect(left.filter((path) => path.endsWith('.bin'))).toEqual([]);
});

test('a disk that is too small: the failure says what is missing, and nothing is trusted', async (context) => {
  if (minio === '') context.skip(inject('servers').minioMissing);
  if (process.getuid?.() !== 0) context.skip('needs root to mount a small disk');
  const { folder, argv, env } = await counter();
  const disk = join(await temporaryFolder(), 'disk');
  await mkdir(disk);
  await execute('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
  onTestFinished(async () => {
    await execute('umount', ['--lazy', disk]);
  });
  const run = await runCli([...argv, '--force-mirror-local', disk], { cwd: folder, env });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  const [record] = await readRecords(folder);
  expect(record?.failure).toMatchObject({
    class: 'disk_full',
    stage: 'data',
    message: expect.stringMatching(/doesn't fit into .*: 4\d MiB are missing on the disk/),
  });
  expect((await indexOf(disk)).state).toBe('incomplete');
});
