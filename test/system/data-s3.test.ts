/** Data from MinIO, by whole runs of the installed program. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { breakingProxy } from './support/breaking-proxy.ts';
import { temporaryFolder } from './support/folder.ts';
import { type MinioServer, minioServer } from './support/minio.ts';
import { type ProgramResult, runCli, startCli } from './support/program.ts';
import { readRecords, readRows } from './support/results.ts';
import { tinyPackage } from './support/tiny-package.ts';

const bucket = 'data-s3-test';

/** Counts what it got and hashes it, as the metric and as a line. */
const script = `cd "$MAD_DATAHOME" || exit 9
find . -type f | sort | while read -r file; do sha256sum "$file"; done | sha256sum | sed 's/ .*//; s/^/hash of all: /'
env
echo "performance: $(find . -type f | wc -l) files"
`;

interface Sources {
  [name: string]: { [provider: string]: { path: string } };
}

/** A package whose models are the data sets, each reading its own. */
async function packageFor(sources: Sources): Promise<string> {
  const models = Object.keys(sources).map((name) => ({ name, script, card: { data: name } }));
  const folder = await tinyPackage(models);
  await writeFile(join(folder, 'data.json'), JSON.stringify({ data_sources: sources }));
  return folder;
}

const hashOf = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** What the script prints for these files. */
function hashOfAll(files: ReadonlyMap<string, string | Uint8Array>): string {
  const lines = [...files].map(([path, content]) => `${hashOf(content)}  ./${path}\n`);
  return hashOf(lines.toSorted((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)).join(''));
}

const run = (folder: string, login: string, ...args: string[]): Promise<ProgramResult> =>
  runCli(['run', ...(args.includes('--tags') ? [] : ['--tags', 'all_of_them']), '--live-output', ...args], {
    cwd: folder,
    env: { MAD_MINIO: login },
    timeoutMs: 280_000,
  });

const putAll = async (
  minio: MinioServer,
  prefix: string,
  files: ReadonlyMap<string, string | Uint8Array>,
): Promise<void> => {
  const waiting = files.entries();
  const worker = async (): Promise<void> => {
    for (const [path, content] of waiting) await minio.put(`${prefix}/${path}`, content);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
};

test('2,000 small objects come whole, are kept in a mirror, and one that was changed there comes again', async (context) => {
  const minio = await minioServer(context, bucket);
  const files = new Map(
    Array.from({ length: 2000 }, (_, index) => [
      `${index % 7}/${index % 3 === 0 ? 'ü and space+' : 'plain'}/${index}.txt`,
      `content of ${index}\n`.repeat(index % 50),
    ]),
  );
  await putAll(minio, 'small', files);
  await minio.put('small2/not-asked-for', 'x');
  const folder = await packageFor({ small: { minio: { path: `s3://${bucket}/small` } } });
  const mirror = join(await temporaryFolder(), 'mirror');
  const first = await run(folder, minio.login(), '--force-mirror-local', mirror);
  expect(first.exitCode, first.stdout + first.stderr).toBe(0);
  expect(first.stdout).toContain(`hash of all: ${hashOfAll(files)}`);
  expect(first.stdout + first.stderr).not.toContain(minio.secretKey);
  // The container had no such variable, and no file of the run or the mirror has the secret.
  expect(first.stdout).not.toMatch(/MAD_MINIO|AWS_/);
  for (const place of [folder, mirror]) {
    const found = spawnSync('grep', ['-rlF', minio.secretKey, place], { encoding: 'utf8' });
    expect([found.status, found.stdout]).toEqual([1, '']);
  }

  const damaged = join(mirror, 'small', '1/plain/1.txt');
  const good = await readFile(damaged, 'utf8');
  await writeFile(damaged, good.replace('content', 'CONTENT'));
  const second = await run(folder, minio.login(), '--force-mirror-local', mirror);
  expect(second.exitCode, second.stdout + second.stderr).toBe(0);
  expect(second.stdout).toContain(`hash of all: ${hashOfAll(files)}`);
  expect(await readFile(damaged, 'utf8')).toBe(good);
  const total = [...files.values()].reduce((sum, content) => sum + content.length, 0);
  const records = await readRecords(folder);
  expect(records.map(({ data }) => data)).toMatchObject([
    { items: [{ provider: 'minio', files: 2000, bytes: total, reused_bytes: 0 }] },
    { items: [{ provider: 'minio', files: 2000, bytes: total, reused_bytes: total - good.length }] },
  ]);
  const entries = (await readdir(join(mirror, 'small'))).toSorted();
  expect(entries).toEqual(['0', '1', '2', '3', '4', '5', '6']);

  await minio.put('small/1/plain/1.txt', 'new content');
  const third = await run(folder, minio.login(), '--force-mirror-local', mirror);
  expect(third.exitCode, third.stdout + third.stderr).toBe(0);
  expect(await readFile(damaged, 'utf8')).toBe('new content');
});

test('a big object comes through connections that break again and again', async (context) => {
  const minio = await minioServer(context, bucket);
  const content = randomBytes(320 * 1024 ** 2);
  await minio.put('big/weights.bin', content);
  const proxy = await breakingProxy(minio.endpoint, { breakAfter: 20_000_000, times: 9 });
  const folder = await packageFor({ big: { minio: { path: `s3://${bucket}/big/weights.bin` } } });
  const result = await run(folder, minio.login({ MINIO_ENDPOINT: proxy.endpoint }));
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  expect(result.stdout).toContain(`hash of all: ${hashOfAll(new Map([['weights.bin', content]]))}`);
  expect(proxy.broken()).toBe(9);
  // What came before a break did not come twice.
  expect(proxy.passed()).toBeLessThan(content.length * 1.1);
});

test('a download whose server dies fails as data, and so does a kill -9; the next runs go on', async (context) => {
  const minio = await minioServer(context, bucket);
  const contents = new Map(['a.bin', 'b.bin'].map((name) => [name, randomBytes(150 * 1024 ** 2)]));
  await putAll(minio, 'long', contents);
  const mirror = join(await temporaryFolder(), 'mirror');
  const folder = await packageFor({ long: { minio: { path: `s3://${bucket}/long` } } });
  const dying = await breakingProxy(minio.endpoint, { breakAfter: 0, times: 0 });
  const stopped = run(
    folder,
    minio.login({ MINIO_ENDPOINT: dying.endpoint }),
    '--force-mirror-local',
    mirror,
  );
  while (dying.passed() < 60_000_000) await new Promise((resolve) => setTimeout(resolve, 2));
  dying.die();
  const first = await stopped;
  expect(first.exitCode, first.stdout + first.stderr).toBe(3);
  const [failed] = await readRecords(folder);
  expect(failed?.failure).toMatchObject({
    class: 'data',
    message: expect.stringContaining('nothing answers'),
  });

  const between = await breakingProxy(minio.endpoint, { breakAfter: 0, times: 0 });
  const args = ['run', '--tags', 'all_of_them', '--force-mirror-local', mirror];
  const env = { MAD_MINIO: minio.login({ MINIO_ENDPOINT: between.endpoint }) };
  const killed = startCli(args, { cwd: folder, env });
  // More than all requests at once ask for: some blocks are whole.
  while (between.passed() < 200_000_000) await new Promise((resolve) => setTimeout(resolve, 2));
  killed.kill('SIGKILL');
  await killed.ended;

  const last = await run(folder, minio.login(), '--force-mirror-local', mirror);
  expect(last.exitCode, last.stdout + last.stderr).toBe(0);
  expect(last.stdout).toContain(`hash of all: ${hashOfAll(contents)}`);
  const item = (await readRecords(folder)).at(-1)?.data as { items: { reused_bytes: number }[] };
  // At most what the requests under way had not finished is lost.
  expect(item.items[0]?.reused_bytes).toBeGreaterThan(32 * 1024 ** 2);
  expect(await readdir(join(mirror, 'long'))).toEqual(['a.bin', 'b.bin']);
});

test('a wrong login, a bucket, folder or server that is not there: each says what to do, none shows a secret, only the server is tried again', async (context) => {
  const minio = await minioServer(context, bucket);
  await minio.put('one/x', 'x');
  const folder = await packageFor({
    one: { minio: { path: `s3://${bucket}/one` } },
    no_bucket: { minio: { path: 's3://no-such-bucket-here/one' } },
    no_folder: { minio: { path: `s3://${bucket}/none` } },
    no_address: { minio: { path: '/one' } },
  });
  const messages = async (login: string, ...args: string[]): Promise<Record<string, string>> => {
    const results = await temporaryFolder();
    const { exitCode, stdout, stderr } = await run(
      folder,
      login,
      '--output',
      join(results, 'perf.csv'),
      ...args,
    );
    expect(exitCode, stdout + stderr).toBe(3);
    expect(stdout + stderr).not.toContain('wrong-secret');
    expect(stdout + stderr).not.toContain(minio.secretKey);
    const records = await readRecords(results);
    const again = records.filter(({ retried }) => retried).map(({ failure }) => failure?.message ?? '');
    expect(again).toEqual(again.filter((message) => message.includes('nothing answers at')));
    expect(again).toHaveLength(login.includes('127.0.0.1:1"') ? 1 : 0);
    const failures = records.map(({ model, failure }) => [model.name, failure?.message ?? '']);
    expect(new Set(records.map(({ failure }) => failure?.class ?? 'data'))).toEqual(new Set(['data']));
    expect(await readRows(join(results, 'perf.csv'))).toHaveLength(
      new Set(records.map(({ model }) => model.name)).size,
    );
    return Object.fromEntries(failures) as Record<string, string>;
  };
  expect(await messages(minio.login())).toEqual({
    one: '',
    no_bucket: expect.stringContaining('there is no bucket no-such-bucket-here'),
    no_folder: expect.stringContaining(`s3://${bucket}/none: there is nothing`),
    no_address: expect.stringContaining('it has to look like s3://bucket/folder'),
  });
  const { one: key } = await messages(minio.login({ USERNAME: 'nobody' }), '--tags', 'one');
  expect(key).toContain(
    'does not know the access key. Correct USERNAME in the environment variable MAD_MINIO',
  );
  const { one: secret } = await messages(minio.login({ PASSWORD: 'wrong-secret' }), '--tags', 'one');
  expect(secret).toContain('refuses the secret key. Correct PASSWORD in the environment variable MAD_MINIO');
  const { one: server } = await messages(
    minio.login({ MINIO_ENDPOINT: 'http://127.0.0.1:1' }),
    '--tags',
    'one',
  );
  expect(server).toContain('nothing answers at http://127.0.0.1:1');
  const { one: tls } = await messages(
    minio.login({ MINIO_ENDPOINT: minio.endpoint.replace('http:', 'https:') }),
    '--tags',
    'one',
  );
  expect(tls).toContain('does not speak TLS');
});

test('bad JSON in MAD_MINIO is exit code 4 that names the variable', async (context) => {
  const minio = await minioServer(context, bucket);
  const folder = await packageFor({ one: { minio: { path: `s3://${bucket}/one` } } });
  const { exitCode, stdout, stderr } = await run(folder, `{"PASSWORD": "${minio.secretKey}"`);
  expect(exitCode, stdout + stderr).toBe(4);
  expect(stderr).toContain('MAD_MINIO');
  expect(stdout + stderr).not.toContain(minio.secretKey);
});

test('data that does not fit on the disk is not begun, and says how much is missing', async (context) => {
  const minio = await minioServer(context, bucket);
  await minio.put('wide/x', Buffer.alloc(24 * 1024 ** 2));
  const folder = await packageFor({ wide: { minio: { path: `s3://${bucket}/wide` } } });
  const mirror = join(await temporaryFolder(), 'mirror');
  await mkdir(mirror);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mirror], { stdio: 'pipe' });
  } catch {
    context.skip('this user may not mount a tmpfs');
  }
  onTestFinished(() => void execFileSync('umount', [mirror]));
  const result = await run(folder, minio.login(), '--force-mirror-local', mirror);
  expect(result.exitCode, result.stdout + result.stderr).toBe(3);
  expect((await readRecords(folder))[0]?.failure).toMatchObject({
    class: 'disk_full',
    message: expect.stringMatching(/of 24 MiB from minio .*1\d MiB are missing/),
  });
});

test('the provider aws takes the variables of the AWS tools, and the login of its own entry before them', async (context) => {
  const minio = await minioServer(context, bucket);
  await minio.put('one/x', 'x');
  const folder = await packageFor({ one: { aws: { path: `s3://${bucket}/one` } } });
  const variables = { AWS_ENDPOINT_URL_S3: minio.endpoint, AWS_REGION: 'us-east-1' };
  const args = ['run', '--tags', 'all_of_them', '--live-output'];
  const login = { AWS_ACCESS_KEY_ID: minio.accessKey, AWS_SECRET_ACCESS_KEY: minio.secretKey };
  const byVariables = await runCli(args, { cwd: folder, env: { ...variables, ...login } });
  expect(byVariables.exitCode, byVariables.stdout + byVariables.stderr).toBe(0);
  const entry = JSON.stringify({ username: minio.accessKey, password: minio.secretKey });
  const wrong = { AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'nothing' };
  const byEntry = await runCli(args, { cwd: folder, env: { ...variables, ...wrong, MAD_AWS_S3: entry } });
  expect(byEntry.exitCode, byEntry.stdout + byEntry.stderr).toBe(0);
});
