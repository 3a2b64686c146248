import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { containersWithLabel, docker } from './support/engine.ts';
import { temporaryFolder } from './support/folder.ts';
import { runCli, startCli } from './support/program.ts';
import { readRecords, readRows } from './support/results.ts';
import { goodScript, tinyPackage } from './support/tiny-package.ts';

const registry = (): string => inject('servers').registry;

test('a full run builds, pushes, writes the manifest, runs, and leaves a record and a row for each model', async () => {
  const folder = await tinyPackage([
    { name: 'good', script: goodScript },
    { name: 'bad', script: 'echo "ValueError: no"; exit 3\n' },
    { name: 'silent', script: 'echo nothing\n' },
  ]);
  const run = await runCli(['run', '--tags', 'all_of_them', '--registry', registry()], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);

  const rows = await readRows(join(folder, 'perf.csv'));
  expect(rows.map((row) => [row.model, row.status, row.performance, row.metric])).toEqual([
    ['good', 'SUCCESS', '12.5', 'samples/sec'],
    ['bad', 'FAILURE', '', ''],
    ['silent', 'FAILURE', '', ''],
  ]);
  const records = await readRecords(folder);
  expect(records.map((record) => record.failure?.class)).toEqual([undefined, 'exit_code', 'missing_metric']);
  expect(records[1]?.failure?.evidence).toBe('ValueError: no');
  expect(rows.map((row) => row.run_id)).toEqual(records.map((record) => record.run));

  const manifest = JSON.parse(await readFile(join(folder, 'build_manifest.json'), 'utf8'));
  expect(Object.keys(manifest.built_images)).toHaveLength(3);
  for (const image of Object.values<Record<string, string>>(manifest.built_images)) {
    expect(image.registry_image).toContain(registry());
    expect(image.registry_digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(image.image_id).toMatch(/^sha256:/);
  }
  expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual([]);
  expect(run.stdout).toContain('good');
  expect(run.stdout).toContain('perf.csv');
});

test('a build alone runs nothing; its manifest runs from another folder that holds the package', async () => {
  const folder = await tinyPackage([{ name: 'model', script: goodScript }]);
  const build = await runCli(['build', '--tags', 'model', '--registry', registry()], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(0);
  expect(await readRows(join(folder, 'perf.csv'))).toEqual([]);

  const elsewhere = join(await temporaryFolder(), 'copy');
  await cp(folder, elsewhere, { recursive: true });
  await rm(join(elsewhere, '.madengine'), { recursive: true, force: true });
  const before = await readFile(join(elsewhere, 'build_manifest.json'), 'utf8');
  const run = await runCli(['run', '--manifest-file', 'build_manifest.json'], { cwd: elsewhere });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(await readRows(join(elsewhere, 'perf.csv'))).toMatchObject([{ model: 'model', status: 'SUCCESS' }]);
  expect(await readFile(join(elsewhere, 'build_manifest.json'), 'utf8')).toBe(before);
});

test.each(['file', 'registry'])(
  'with --package %s a manifest runs in a folder without the package',
  async (transport) => {
    const folder = await tinyPackage([
      { name: 'model', script: 'cat ../scripts/model/table.txt; echo "performance: 7 runs/s"\n' },
    ]);
    await writeFile(join(folder, 'scripts/model/table.txt'), 'a table of the package\n');
    const build = await runCli(
      ['build', '--tags', 'model', '--registry', registry(), '--package', transport],
      { cwd: folder },
    );
    expect(build.exitCode, build.stdout + build.stderr).toBe(0);

    const empty = await temporaryFolder();
    for (const name of ['build_manifest.json', 'build_manifest.json.package.tar.gz']) {
      await cp(join(folder, name), join(empty, name)).catch(() => undefined);
    }
    await rm(folder, { recursive: true });
    await docker('image', 'prune', '--force');
    const env = { XDG_CACHE_HOME: join(empty, 'cache') };
    const run = await runCli(['run', '--manifest-file', 'build_manifest.json'], { cwd: empty, env });
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(await readRows(join(empty, 'perf.csv'))).toMatchObject([
      { model: 'model', performance: '7', status: 'SUCCESS' },
    ]);
    expect(await readFile(join(empty, 'model_model.ubuntu.run.live.log'), 'utf8')).toContain(
      'a table of the package',
    );
  },
);

test('an image that is not here is pulled by its digest', async () => {
  const folder = await tinyPackage([
    { name: 'pulled', script: goodScript, dockerfile: 'RUN echo pulled > /marker' },
  ]);
  const build = await runCli(['build', '--tags', 'pulled', '--registry', registry()], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(0);
  const manifest = JSON.parse(await readFile(join(folder, 'build_manifest.json'), 'utf8'));
  const [image] = Object.values<Record<string, string>>(manifest.built_images);
  await docker('rmi', '--force', image?.docker_image ?? '', image?.registry_image ?? '');
  const run = await runCli(['run', '--manifest-file', 'build_manifest.json'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  const [record] = await readRecords(folder);
  expect(record?.image).toMatchObject({ digest: image?.registry_digest });
});

test('another image under the same name is not taken for the one that was built', async () => {
  const folder = await tinyPackage([
    { name: 'swapped', script: goodScript, dockerfile: 'RUN echo one > /marker' },
  ]);
  const build = await runCli(['build', '--tags', 'swapped'], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(0);
  await docker('tag', inject('servers').baseImage, 'ci-swapped_swapped.ubuntu');
  const run = await runCli(['run', '--manifest-file', 'build_manifest.json'], { cwd: folder });
  expect(run.exitCode).toBe(3);
  expect(await readRecords(folder)).toMatchObject([{ failure: { class: 'pull' } }]);
});

test('two runs of one package at once keep all rows and leave no container', async () => {
  const folder = await tinyPackage([
    { name: 'one', script: `sleep 1\n${goodScript}` },
    { name: 'two', script: `sleep 1\n${goodScript}` },
  ]);
  expect((await runCli(['build', '--tags', 'all_of_them'], { cwd: folder })).exitCode).toBe(0);
  const args = ['run', '--manifest-file', 'build_manifest.json'];
  const runs = await Promise.all([runCli(args, { cwd: folder }), runCli(args, { cwd: folder })]);
  expect(
    runs.map((run) => run.exitCode),
    runs.map((run) => run.stderr).join(''),
  ).toEqual([0, 0]);
  const rows = await readRows(join(folder, 'perf.csv'));
  expect(rows).toHaveLength(4);
  expect(new Set(rows.map((row) => row.run_id)).size).toBe(4);
  expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual([]);
});

test('two full runs of one package at once do not get in each other’s way', async () => {
  const folder = await tinyPackage([{ name: 'both', script: goodScript }]);
  const args = ['run', '--tags', 'both', '--registry', registry()];
  const runs = await Promise.all([runCli(args, { cwd: folder }), runCli(args, { cwd: folder })]);
  expect(
    runs.map((run) => run.exitCode),
    runs.map((run) => run.stdout + run.stderr).join(''),
  ).toEqual([0, 0]);
  expect(await readRows(join(folder, 'perf.csv'))).toHaveLength(2);
});

test('a declared result file gives one row for each of its lines, with its further columns', async () => {
  const script =
    'printf "model, performance ,metric,batch\\nsmall,10,img/s,8\\nlarge,4.5,img/s,64\\n" > ../results.csv\n';
  const folder = await tinyPackage([{ name: 'many', script, card: { multiple_results: 'results.csv' } }]);
  const run = await runCli(['run', '--tags', 'many'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([
    { model: 'many_small', performance: '10', metric: 'img/s', batch: '8', status: 'SUCCESS' },
    { model: 'many_large', performance: '4.5', metric: 'img/s', batch: '64', status: 'SUCCESS' },
  ]);
});

test('a result file that leads out of the run, or was not written, is a missing metric', async () => {
  const folder = await tinyPackage([
    { name: 'link', script: 'ln -s /etc/passwd ../results.csv\n', card: { multiple_results: 'results.csv' } },
    { name: 'none', script: goodScript, card: { multiple_results: 'results.csv' } },
  ]);
  const run = await runCli(['run', '--tags', 'all_of_them'], { cwd: folder });
  expect(run.exitCode).toBe(3);
  expect(await readRecords(folder)).toMatchObject([
    { failure: { class: 'missing_metric' } },
    { failure: { class: 'missing_metric' } },
  ]);
});

test('a model that does not end in time is ended, with everything that it started', async () => {
  const folder = await tinyPackage([
    { name: 'hangs', script: '(trap "" TERM; sleep 3000) & sleep 3000\n', card: { timeout: 1 } },
  ]);
  const run = await runCli(['run', '--tags', 'hangs'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  expect(await readRecords(folder)).toMatchObject([{ failure: { class: 'timeout', stage: 'run' } }]);
  expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([{ model: 'hangs', status: 'FAILURE' }]);
  expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual([]);
});

test('--timeout wins over the card', async () => {
  const folder = await tinyPackage([
    { name: 'slow', script: `sleep 2\n${goodScript}`, card: { timeout: 1 } },
  ]);
  const run = await runCli(['run', '--tags', 'slow', '--timeout', '60'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s stops the container, gives every model a record and a row, and ends with %i',
  async (signal, code) => {
    const folder = await tinyPackage([
      { name: 'long', script: 'echo started; sleep 3000\n' },
      { name: 'behind', script: goodScript },
      { name: 'old', script: goodScript, card: { is_deprecated: true } },
    ]);
    const run = startCli(['run', '--tags', 'all_of_them', '--live-output', '--junit', 'junit.xml'], {
      cwd: folder,
    });
    while (!run.stdout().includes('started')) await new Promise((resolve) => setTimeout(resolve, 50));
    run.kill(signal, 'group');
    const ended = await run.ended;
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(code);
    expect(await readRecords(folder)).toMatchObject([
      { model: { name: 'long' }, failure: { class: 'interrupted', message: `ended by ${signal}` } },
      {
        model: { name: 'behind' },
        failure: { class: 'interrupted', message: `not started before ${signal}` },
      },
      { model: { name: 'old' }, status: 'SKIPPED' },
    ]);
    expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([
      { model: 'long', status: 'FAILURE', failure_class: 'interrupted' },
      { model: 'behind', status: 'FAILURE', failure_class: 'interrupted' },
      { model: 'old', status: 'SKIPPED' },
    ]);
    expect(await readFile(join(folder, 'junit.xml'), 'utf8')).toContain('tests="3" failures="2"');
    expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual([]);
  },
);

test('a failed build does not stop the others; its model has a record and a row, and the exit code is 2', async () => {
  const folder = await tinyPackage([
    { name: 'broken', script: goodScript, dockerfile: 'RUN echo no-luck && false' },
    { name: 'fine', script: goodScript },
  ]);
  const build = await runCli(['build', '--tags', 'all_of_them'], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(2);
  const manifest = JSON.parse(await readFile(join(folder, 'build_manifest.json'), 'utf8'));
  expect(Object.keys(manifest.built_images)).toEqual(['ci-fine_fine.ubuntu']);
  expect(await readFile(join(folder, 'broken_broken.ubuntu.build.live.log'), 'utf8')).toContain('no-luck');
  const run = await runCli(['run', '--tags', 'all_of_them'], { cwd: folder });
  expect(run.exitCode).toBe(2);
  const rows = await readRows(join(folder, 'perf.csv'));
  expect(rows.map((row) => [row.model, row.status])).toEqual([
    ['broken', 'FAILURE'],
    ['fine', 'SUCCESS'],
  ]);
});

test('SIGTERM during a build ends it: every model that was to run has a record and a row, and an old manifest stays', async () => {
  const folder = await tinyPackage([
    { name: 'slow', script: goodScript, dockerfile: 'RUN sleep 300' },
    { name: 'waiting', script: goodScript },
  ]);
  await writeFile(join(folder, 'build_manifest.json'), 'an earlier one');
  const run = startCli(['run', '--tags', 'all_of_them', '--json'], { cwd: folder });
  while (!run.stdout().includes('sleep 300')) await new Promise((resolve) => setTimeout(resolve, 50));
  run.kill('SIGTERM');
  const ended = await run.ended;
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(143);
  expect(await readFile(join(folder, 'build_manifest.json'), 'utf8')).toBe('an earlier one');
  expect((await readRecords(folder)).map((record) => [record.model.name, record.failure?.class])).toEqual([
    ['slow', 'interrupted'],
    ['waiting', 'interrupted'],
  ]);
  expect(await readRows(join(folder, 'perf.csv'))).toHaveLength(2);
});

test('a push that fails keeps the image in the manifest and ends with 2', async () => {
  const folder = await tinyPackage([{ name: 'unpushed', script: goodScript }]);
  const build = await runCli(['build', '--tags', 'unpushed', '--registry', '127.0.0.1:1'], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(2);
  const manifest = JSON.parse(await readFile(join(folder, 'build_manifest.json'), 'utf8'));
  expect(manifest.push_failures).toMatchObject([{ image: 'ci-unpushed_unpushed.ubuntu' }]);
  expect(manifest.built_images['ci-unpushed_unpushed.ubuntu']).toMatchObject({ push_failed: true });
});

test('a private registry is logged in to by credential.json, and its password shows up nowhere', async () => {
  const { authRegistry, authUser, authPasswordFile } = inject('servers');
  const password = (await readFile(authPasswordFile, 'utf8')).replace(/\n$/, '');
  const folder = await tinyPackage([
    { name: 'private', script: `env; cat /madpackage/credential.json; ${goodScript}` },
  ]);
  const credentials = { [authRegistry]: { repository: 'team', username: authUser, password } };
  await writeFile(join(folder, 'credential.json'), JSON.stringify(credentials), { mode: 0o600 });
  const run = await runCli(['run', '--tags', 'private', '--registry', authRegistry, '--verbose'], {
    cwd: folder,
  });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  const forms = [
    password,
    encodeURIComponent(password),
    Buffer.from(password).toString('base64').slice(0, -3),
  ];
  await rm(join(folder, 'credential.json'));
  const written = await docker(
    'run',
    '--rm',
    '-v',
    `${folder}:/x`,
    '--entrypoint',
    'tar',
    inject('servers').baseImage,
    'c',
    '-C',
    '/x',
    '.',
  );
  for (const form of forms) {
    expect(run.stdout + run.stderr).not.toContain(form);
    expect(written).not.toContain(form);
  }
});

test('the model sees its arguments, its variables and the package, and cannot write to the package', async () => {
  const script = [
    'for word in "$@"; do echo "[$word]"; done',
    'echo "model=$MAD_MODEL_NAME extra=$EXTRA dir=$(pwd) own=$MAD_SECRETS_TOKEN"',
    'touch /madpackage/scripts/new 2>/dev/null && echo WRITABLE',
    'ls /myworkspace/scripts/common/tool.txt',
    goodScript,
  ].join('\n');
  const folder = await tinyPackage([
    { name: 'sees', script, card: { args: `--name 'two words' --cost $HOME '$(id)'` } },
  ]);
  await mkdir(join(folder, 'scripts/common'));
  await writeFile(join(folder, 'scripts/common/tool.txt'), 'x');
  const context = `{'docker_env_vars': {'EXTRA': "quote ' and space"}}`;
  const env = { MAD_SECRETS_TOKEN: 'very-secret-token' };
  const run = await runCli(['run', '--tags', 'sees:batch=2', '--additional-context', context], {
    cwd: folder,
    env,
  });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  const log = await readFile(join(folder, 'sees_sees.ubuntu.run.live.log'), 'utf8');
  expect(log).toContain('[--name]\n[two words]\n[--cost]\n[/root]\n[$(id)]\n[--batch]\n[2]\n');
  expect(log).toContain(`model=sees extra=quote ' and space dir=/myworkspace/run_directory own=******`);
  expect(log).not.toContain('WRITABLE');
  expect(log).toContain('/myworkspace/scripts/common/tool.txt');
});

test('--keep-alive leaves the container for its user, and no later start takes it away', async () => {
  const folder = await tinyPackage([{ name: 'kept', script: goodScript }]);
  const run = await runCli(['run', '--tags', 'kept', '--keep-alive'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  const kept = await containersWithLabel(`madengine.results_root=${folder}`);
  expect(kept).toHaveLength(1);
  const [, name = ''] = /docker exec -it (\S+) sh/.exec(run.stdout) ?? [];
  expect(await docker('inspect', '--format', '{{.Id}}', name)).toBe(kept[0]);
  await runCli(['run', '--manifest-file', 'build_manifest.json'], { cwd: folder });
  expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual(kept);
  await docker('rm', '--force', ...kept);
});

test('an image with nothing but a shell runs, and its kept container waits without work and stops when asked', async () => {
  const folder = await tinyPackage([
    { name: 'bare', script: goodScript, dockerfile: 'FROM scratch\nCOPY --from=0 /bin/bash /bin/sh' },
  ]);
  const run = await runCli(['run', '--tags', 'bare', '--keep-alive'], { cwd: folder });
  const [kept = ''] = await containersWithLabel(`madengine.results_root=${folder}`);
  onTestFinished(() => docker('rm', '--force', kept).then(() => {}));
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(await docker('top', kept, '-o', 'pid,stat,time')).toMatch(/T +00:00:00$/m);
  await docker('stop', '--time=60', kept);
  expect((await docker('inspect', '--format={{.State.ExitCode}}', kept)).trim()).toBe('0');
});

test('--dry-run prints the exact command lines and does nothing', async () => {
  const folder = await tinyPackage([{ name: 'planned', script: goodScript }]);
  const run = await runCli(['run', '--tags', 'planned', '--registry', registry(), '--dry-run'], {
    cwd: folder,
  });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(run.stdout).toMatch(/docker .*build .*ci-planned_planned\.ubuntu/);
  expect(run.stdout).toMatch(/docker .*push/);
  expect(run.stdout).toMatch(/docker .*run /);
  expect(await readFile(join(folder, 'build_manifest.json'), 'utf8').catch(() => undefined)).toBeUndefined();
  expect(await readRecords(folder)).toEqual([]);
});

test.each([
  ['in the package', 'none', 'results/perf.csv'],
  ['elsewhere, and of a package beside its manifest', 'none', undefined],
  ['elsewhere, and of a package that is not unpacked yet', 'file', undefined],
])('--dry-run shows the container that the run makes, with results %s', async (_, transport, inside) => {
  const folder = await tinyPackage([{ name: 'shown', script: goodScript }]);
  const built = await runCli(['build', '--tags', 'shown', '--package', transport], { cwd: folder });
  expect(built.exitCode, built.stderr).toBe(0);
  const cwd = inside === undefined ? await temporaryFolder() : folder;
  const env = { XDG_CACHE_HOME: join(cwd, 'cache') };
  let manifest = join(folder, 'build_manifest.json');
  if (transport === 'file') {
    // The folder with the manifest is no package.
    const away = await temporaryFolder();
    for (const name of ['build_manifest.json', 'build_manifest.json.package.tar.gz'])
      await cp(join(folder, name), join(away, name));
    manifest = join(away, 'build_manifest.json');
  }
  const argv = ['run', '--manifest-file', manifest, '--output', inside ?? 'perf.csv'];
  const dry = await runCli([...argv, '--dry-run', '--json'], { cwd, env });
  expect(dry.exitCode, dry.stderr).toBe(0);
  const { plan } = JSON.parse(dry.stdout.trim().split('\n').at(-1) ?? '') as {
    plan: { problems: string[]; commands: { title: string; argv: string[] }[] };
  };
  expect(plan.problems).toEqual([]);
  const run = await runCli(argv, { cwd, env });
  expect(run.exitCode, run.stderr).toBe(0);
  const root = join(cwd, dirname(inside ?? 'perf.csv'));
  const [record] = (await readRecords(root)) as unknown as {
    run: string;
    campaign: string;
    commands: { argv: string[] }[];
  }[];
  const planned = plan.commands.find(({ title }) => title.startsWith('start '))?.argv;
  const made = record?.commands.map(({ argv }) => argv).find((words) => words.includes('--detach'));
  const runFolder = join(root, '.madengine/campaigns', record?.campaign ?? '', 'runs', record?.run ?? '');
  const known = made?.map((word) =>
    word
      .replace(runFolder, '${run_folder}')
      .replace(record?.campaign ?? '', '${campaign}')
      .replace(record?.run ?? '', '${run}')
      .replace(/^--name=.*/, '--name=${container}'),
  );
  expect(planned).toEqual(known);
});

test('--dry-run says what would fail, and ends with 2 where an image could not be built', async () => {
  const folder = await tinyPackage([
    { name: 'wide', script: goodScript, card: { additional_docker_run_options: '', n_gpus: '4096' } },
    { name: 'lost', script: goodScript },
  ]);
  const dry = await runCli(['run', '--tags', 'wide', '--dry-run'], { cwd: folder });
  expect(dry.exitCode, dry.stderr).toBe(0);
  expect(dry.stdout).toMatch(/^# would fail: wide.*4096 GPUs/m);
  await writeFile(
    join(folder, 'docker/lost.ubuntu.Dockerfile'),
    "# CONTEXT {'guest_os': 'CENTOS'}\nFROM scratch\n",
  );
  const lost = await runCli(['run', '--tags', 'wide', 'lost', '--dry-run'], { cwd: folder });
  expect(lost.exitCode, lost.stderr).toBe(2);
  expect(lost.stdout).toMatch(/^# would fail: lost/m);
});

test('--json writes the event stream, one object a line', async () => {
  const folder = await tinyPackage([{ name: 'told', script: goodScript }]);
  const run = await runCli(['run', '--tags', 'told', '--json'], { cwd: folder });
  expect(run.exitCode, run.stderr).toBe(0);
  const events = run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
  const types = events.map((event) => event.type);
  for (const type of [
    'campaign.started',
    'build.ended',
    'run.started',
    'metric.found',
    'run.ended',
    'campaign.ended',
  ]) {
    expect(types).toContain(type);
  }
});

test('what was asked for wrongly ends with 4, what is not there with the documented code', async () => {
  const folder = await tinyPackage([{ name: 'model', script: goodScript }]);
  const code = async (...args: string[]): Promise<number | null> =>
    (await runCli(args, { cwd: folder })).exitCode;
  expect(await code('run')).toBe(4);
  expect(await code('run', '--tags', 'nothing_like_it')).toBe(1);
  expect(await code('run', '--tags', 'model', '--timeout', '-2')).toBe(4);
  expect(await code('run', '--manifest-file', 'missing.json')).toBe(4);
  await writeFile(join(folder, 'torn.json'), '{"built_images": {');
  expect(await code('run', '--manifest-file', 'torn.json')).toBe(4);
  expect(await code('build', '--tags', 'model', '--additional-context', '{broken')).toBe(4);
});

test('a model that needs a GPU fails on a machine without one before a container starts', async () => {
  const folder = await tinyPackage([{ name: 'needy', script: goodScript, card: { n_gpus: '1' } }]);
  const run = await runCli(['run', '--tags', 'needy'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  expect(await readRecords(folder)).toMatchObject([{ failure: { class: 'device' }, stages: [] }]);
});
