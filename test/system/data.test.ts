import { access, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from './support/program.ts';
import { readRecords, readRows } from './support/results.ts';
import { goodScript, manifestWithoutImages, type TinyModel, tinyPackage } from './support/tiny-package.ts';

const manifest = ['run', '--manifest-file', 'build_manifest.json'];

/** A package with data in `sets/a` and this `data.json`. */
async function packageWith(models: readonly TinyModel[], data: unknown): Promise<string> {
  const folder = await tinyPackage(models);
  await mkdir(join(folder, 'sets/a/deep'), { recursive: true });
  await writeFile(join(folder, 'sets/a/deep/file.txt'), 'content of a\n');
  if (data !== undefined)
    await writeFile(join(folder, 'data.json'), typeof data === 'string' ? data : JSON.stringify(data));
  return folder;
}

const shows = 'echo "names=$MAD_DATANAME homes=$MAD_DATAHOME"\n';

test('local data is there to be read, a custom script brings its own, and results tell of both', async () => {
  const script = `${shows}cat /data_dlm_0/deep/file.txt /data_dlm_1/made.txt; touch /data_dlm_0/x && exit 9\n${goodScript}`;
  const folder = await packageWith([{ name: 'm', script, card: { data: 'a, b' } }], {
    data_sources: {
      a: { aws: { path: 's3://nowhere/a' }, local: { path: 'sets/a' } },
      b: { custom: { path: 'scripts/get.sh', args: "2 'x y'" } },
    },
  });
  await writeFile(
    join(folder, 'scripts/get.sh'),
    'echo "got $1 $2 in $PWD" >made.txt; head -c 100000 /dev/zero >big\n',
  );
  const run = await runCli(['run', '--tags', 'm', '--live-output', '--verbose'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  for (const line of [
    'names=a,b homes=/data_dlm_0,/data_dlm_1',
    'content of a',
    'got 2 x y in /data_dlm_1',
    'Read-only file system',
  ])
    expect(run.stdout).toContain(line);
  const [record] = await readRecords(folder);
  const stages = record?.stages as { name: string }[];
  expect(stages.filter(({ name }) => name !== 'environment')).toMatchObject([
    { name: 'data', title: 'a, b', exit_code: 0 },
    { name: 'data', title: 'b', exit_code: 0 },
    { name: 'run', exit_code: 0 },
  ]);
  expect(record?.data).toMatchObject({
    names: 'a,b',
    provider: 'local,custom',
    items: [
      { name: 'a', provider: 'local', path: 'sets/a', home: '/data_dlm_0', bytes: null },
      { name: 'b', provider: 'custom', home: '/data_dlm_1' },
    ],
  });
  const [row] = await readRows(join(folder, 'perf.csv'));
  expect(row).toMatchObject({ dataname: 'a,b', data_provider_type: 'local,custom' });
  expect(Number(row?.data_size)).toBeGreaterThanOrEqual(100_000);
  expect(row?.data_download_duration).toMatch(/^\d+(\.\d+)?$/);
});

test('a home is used as it is, readwrite lets the model write, and a mirror keeps what a script brought', async () => {
  const script = `${shows}cat /sets/a/deep/file.txt; echo changed >/sets/a/new.txt; cat /data_dlm_1/made.txt\n${goodScript}`;
  const folder = await packageWith([{ name: 'm', script, card: { data: 'a,b' } }], {
    a: { local: { path: 'sets/a', home: '/sets/a', readwrite: 'true' } },
    b: { custom: { path: 'scripts/get.sh' } },
  });
  await writeFile(join(folder, 'scripts/get.sh'), 'echo made >made.txt\n');
  const run = await runCli(['run', '--tags', 'm', '--live-output', '--force-mirror-local', 'mirror'], {
    cwd: folder,
  });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(run.stdout).toContain('names=a,b homes=/sets/a,/data_dlm_1');
  expect(await readFile(join(folder, 'sets/a/new.txt'), 'utf8')).toBe('changed\n');
  expect(await readFile(join(folder, 'mirror/b/made.txt'), 'utf8')).toBe('made\n');
});

test('without a container the model gets the paths of this machine', async () => {
  const models = [
    {
      name: 'm',
      script: `${shows}cat "\${MAD_DATAHOME%%,*}/deep/file.txt"\n${goodScript}`,
      card: { data: 'a,b' },
    },
  ];
  const folder = await packageWith(models, {
    a: { local: { path: 'sets/a' } },
    b: { custom: { path: 'scripts/get.sh' } },
  });
  await writeFile(join(folder, 'scripts/get.sh'), 'echo made >made.txt\n');
  await manifestWithoutImages(folder, models);
  const run = await runCli([...manifest, '--engine', 'host', '--live-output'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(run.stdout).toContain(`homes=${folder}/sets/a,${folder}/.madengine/campaigns/`);
  expect(run.stdout).toContain('content of a');
  // What the script brought lay in the run's folder, and went with it.
  const left = await readdir(join(folder, '.madengine'), { recursive: true });
  expect(left.filter((path) => path.endsWith('made.txt'))).toEqual([]);
});

test('data with an empty entry is what the model gets by itself', async () => {
  const script = 'echo "name=$MAD_DATANAME home=${MAD_DATAHOME-none}"; echo "performance: 1 tokens/s"';
  const models = [{ name: 'm', script, card: { data: 'hub' } }];
  const folder = await packageWith(models, { hub: {} });
  await manifestWithoutImages(folder, models);
  const run = await runCli([...manifest, '--engine', 'host', '--live-output'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(run.stdout).toContain('name=hub home=none');
});

const local = (path: string, more = {}) => ({ a: { local: { path, ...more } } });

test.each([
  ['no data.json', undefined, /the card asks for data "a", and there is no data.json/],
  ['a list', [], /data.json: the whole document: expected record, found array/],
  ['no JSON', '{"a": ', /data.json:1:7: not valid JSON/],
  ['another name', { aa: local('/').a }, /data.json has no data named "a"/],
  ['no provider', { a: { s4: { path: 's4://b/a' } } }, /"a" names no provider/],
  ['a path that is not there', local('/no/such/path'), /local: "\/no\/such\/path" is not on this machine/],
  ['a path with a line break', local('/a\nb'), /a.local.path: expected text on one line/],
  ['a mirror of local data', local('sets/a', { mirrorlocal: '/tmp/x' }), /mirrorlocal makes no sense/],
  ['a home where the run lies', local('sets/a', { home: '/myworkspace' }), /the run itself lies there/],
  [
    'a home that leads out',
    local('sets/a', { home: '/x/../etc' }),
    /a.local.home: expected an absolute path/,
  ],
  [
    'a script outside the package',
    { a: { custom: { path: '../x.sh' } } },
    /"..\/x.sh" is outside the package/,
  ],
  ['the secrets of the package, by a link', local('innocent'), /credential.json" is no data for models/],
  ['several sources', { a: { custom: { path: 'x.sh' }, local: { path: '/no' } } }, /custom: .*; local: /],
])('%s: the model is not started, and the failure says what is wrong', async (_title, data, message) => {
  const models = [
    { name: 'm', script: `touch "${'$'}{0%/*}/../../started"\n${goodScript}`, card: { data: 'a' } },
  ];
  const folder = await packageWith(models, data);
  await writeFile(join(folder, 'credential.json'), '{}', { mode: 0o600 });
  await symlink('credential.json', join(folder, 'innocent'));
  await manifestWithoutImages(folder, models);
  // Docker would need an image first; what is refused is the same.
  const refusesMounts = /run itself|no data for models/.test(message.source);
  const run = refusesMounts
    ? await runCli(['run', '--tags', 'm'], { cwd: folder })
    : await runCli([...manifest, '--engine', 'host'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  const [record] = await readRecords(folder);
  expect(record?.failure).toMatchObject({
    class: 'data',
    stage: 'data',
    message: expect.stringMatching(message),
  });
  expect(record?.output).toBeNull();
  expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([
    { status: 'FAILURE', failure_class: 'data' },
  ]);
});

test('a custom script that fails is a failure of data, and the model does not run', async () => {
  const models = [{ name: 'm', script: `echo it runs\n${goodScript}`, card: { data: 'a' } }];
  const folder = await packageWith(models, { a: { custom: { path: 'scripts/get.sh' } } });
  await writeFile(join(folder, 'scripts/get.sh'), 'echo "no route to host"; exit 7\n');
  await manifestWithoutImages(folder, models);
  const run = await runCli([...manifest, '--engine', 'host', '--live-output'], { cwd: folder });
  expect(run.exitCode).toBe(3);
  expect(run.stdout).not.toContain('it runs');
  expect((await readRecords(folder))[0]?.failure).toMatchObject({
    class: 'data',
    stage: 'data',
    message: 'stage data (a) ended with exit code 7',
  });
});

test('--dry-run shows sources, homes and mounts, and touches nothing', async () => {
  const models = [{ name: 'm', script: goodScript, card: { data: 'a,b' } }];
  const folder = await packageWith(models, {
    data_sources: {
      a: { aws: { path: 's3://x/a' }, minio: { path: 's3://y/a', home: '/sets/a' } },
      b: { local: { path: 'sets/a' } },
    },
  });
  const before = await readdir(folder);
  const run = await runCli(['run', '--tags', 'm', '--dry-run', '--force-mirror-local', 'mirror'], {
    cwd: folder,
  });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(run.stdout).toMatch(/# data a of .*: minio s3:\/\/y\/a, else aws s3:\/\/x\/a; seen at \/sets\/a/);
  expect(run.stdout).toContain(`source=${folder}/mirror/a,target=/sets/a`);
  expect(run.stdout).toContain(`source=${folder}/sets/a,target=/data_dlm_1,readonly`);
  expect(run.stdout).toContain('MAD_DATAHOME=/sets/a,/data_dlm_1');
  expect(await readdir(folder)).toEqual(before);
});

test('--data-config is looked at before anything is built, and the context lies over it', async () => {
  const models = [
    { name: 'm', script: `cat "$MAD_DATAHOME/deep/file.txt"\n${goodScript}`, card: { data: 'a' } },
  ];
  const folder = await packageWith(models, local('/nowhere'));
  await writeFile(join(folder, 'other.json'), JSON.stringify(local('sets/a', { readwrit: 1 })));
  await writeFile(join(folder, 'bad.json'), JSON.stringify({ a: { local: 1 } }));
  await manifestWithoutImages(folder, models);
  const host = [...manifest, '--engine', 'host'];
  for (const bad of ['bad.json', 'none.json']) {
    for (const command of [host, ['build', '--tags', 'm']]) {
      const run = await runCli([...command, '--data-config', bad], { cwd: folder });
      expect(run.exitCode, run.stdout + run.stderr).toBe(4);
      expect(run.stderr).toContain(bad);
    }
  }
  await expect(access(join(folder, '.madengine'))).rejects.toThrow();
  const traditional = await runCli([...host, '--data-config-file-name', 'other.json'], {
    cwd: folder,
    program: 'madengine',
  });
  expect(traditional.exitCode, traditional.stdout + traditional.stderr).toBe(0);
  expect(traditional.stderr).toContain('did you mean readwrite?');
  const context = JSON.stringify({ data: local('sets/a') });
  const over = await runCli([...host, '--additional-context', context], { cwd: folder });
  expect(over.exitCode, over.stdout + over.stderr).toBe(0);
});
