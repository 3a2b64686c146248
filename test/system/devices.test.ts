import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWithGpus } from './support/describe-with-gpus.ts';
import { containersWithLabel } from './support/engine.ts';
import { amdTools, toolsFolder } from './support/gpu-machine.ts';
import { noOwnEngine, ownEngine } from './support/own-engine.ts';
import { runCli, startCli } from './support/program.ts';
import { campaignFolders, readRecords, readRows } from './support/results.ts';
import { goodScript, type TinyModel, tinyPackage } from './support/tiny-package.ts';

/** Says which devices it sees and when, then a metric. */
const lookAround = `
echo "kfd: $(ls /dev/kfd 2>/dev/null)"
echo "nodes: $(ls /dev/dri 2>/dev/null | tr '\\n' ' ')"
env | grep -E '^(MAD_|ROCM_PATH)' | sort
echo "from $(date +%s)"; sleep 2; echo "to $(date +%s)"
${goodScript}`;

const model = (name: string, n_gpus: string, card: Record<string, unknown> = {}): TinyModel => ({
  name,
  script: lookAround,
  // Containers with GPUs of AMD join this group.
  dockerfile: 'RUN grep -q ^video: /etc/group || echo video:x:44: >> /etc/group',
  card: { n_gpus, ...card },
});

async function outputs(folder: string): Promise<string[]> {
  const records = await readRecords(folder);
  const [campaign = ''] = await campaignFolders(folder);
  return Promise.all(
    records.map(async (record) => {
      const runs = (await campaignFolders(folder)).map((each) =>
        join(each, 'runs', record.run, 'output.log'),
      );
      for (const path of runs) {
        const text = await readFile(path, 'utf8').catch(() => undefined);
        if (text !== undefined) return text;
      }
      throw new Error(`no output of ${record.run} in ${campaign}`);
    }),
  );
}

const spanOf = (output: string): { from: number; to: number } => ({
  from: Number(/^from (\d+)$/m.exec(output)?.[1]),
  to: Number(/^to (\d+)$/m.exec(output)?.[1]),
});

describeWithGpus(2, 'on a machine with two GPUs of AMD', () => {
  const run = async (folder: string, ...args: string[]) => {
    const { path } = await amdTools(2);
    return runCli(['run', ...args], { cwd: folder, env: { PATH: path } });
  };

  test('a container gets exactly the GPUs of its lease, and hears of all of them', async () => {
    const folder = await tinyPackage([model('one', '1'), model('all', '-1'), model('none', '0')]);
    const context = '{"docker_gpus": "1", "docker_env_vars": {"MAD_SYSTEM_HIP_VERSION": "my own"}}';
    const ended = await run(folder, '--tags', 'all_of_them', '--additional-context', context);
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    const [one = '', all = '', none = ''] = await outputs(folder);
    for (const output of [one, all]) {
      expect(output).toContain('kfd: /dev/kfd');
      expect(output).toContain('nodes: renderD201 \n');
    }
    expect(none).toContain('nodes: \n');
    for (const line of [
      'MAD_GPU_VENDOR=AMD',
      'MAD_SYSTEM_NGPUS=2',
      'MAD_RUNTIME_NGPUS=1',
      'MAD_SYSTEM_GPU_ARCHITECTURE=gfx942',
      'MAD_SYSTEM_GPU_PRODUCT_NAME=AMD Instinct MI300X',
      'MAD_SYSTEM_HIP_VERSION=my own',
      'ROCM_PATH=/opt/rocm',
    ]) {
      expect(one).toContain(`${line}\n`);
    }
    const [record] = await readRecords(folder);
    expect(record).toMatchObject({
      placement: { gpus: [1] },
      gpu: {
        vendor: 'AMD',
        count: 2,
        product: 'AMD Instinct MI300X',
        toolkit: { name: 'HIP', version: '6.4' },
      },
      gpu_health: [{ gpu: 1, before: { throttled: [] }, after: { counters: { ecc_uncorrected: 0 } } }],
    });
  });

  test('programs that were started by hand never share a GPU, and wait for one when all are taken', async () => {
    const folder = await tinyPackage([model('shared', '1')]);
    const { path } = await amdTools(2);
    const env = { PATH: path };
    expect((await runCli(['build', '--tags', 'shared'], { cwd: folder, env })).exitCode).toBe(0);
    const args = ['run', '--manifest-file', 'build_manifest.json'];
    const ended = await Promise.all([1, 2, 3].map(() => runCli(args, { cwd: folder, env })));
    expect(
      ended.map((each) => each.exitCode),
      ended.map((each) => each.stderr).join(''),
    ).toEqual([0, 0, 0]);
    const seen = (await outputs(folder)).map((output) => ({
      node: /nodes: (renderD\d+) \n/.exec(output)?.[1],
      ...spanOf(output),
    }));
    expect(new Set(seen.map(({ node }) => node))).toEqual(new Set(['renderD200', 'renderD201']));
    for (const a of seen) {
      for (const b of seen) {
        if (a !== b && a.node === b.node) expect(a.to <= b.from || b.to <= a.from).toBe(true);
      }
    }
    expect(ended.map((each) => each.stdout + each.stderr).join('')).toMatch(
      /shared waits for 1 of its GPUs: GPU \d by process/,
    );
  });

  test('who gets the GPUs of a program that was killed ends what that one left running on them', async () => {
    const script = `sleep \${NAP:-0}\n${goodScript}`;
    const folder = await tinyPackage([{ ...model('heir', '-1'), script }]);
    const { path } = await amdTools(2);
    const env = { PATH: path };
    expect((await runCli(['build', '--tags', 'heir'], { cwd: folder, env })).exitCode).toBe(0);
    const args = ['run', '--manifest-file', 'build_manifest.json'];
    const label = `madengine.results_root=${folder}`;
    const long = [...args, '--additional-context', '{"docker_env_vars": {"NAP": "100"}}'];
    const first = startCli(long, { cwd: folder, env });
    await expect.poll(() => containersWithLabel(label), { timeout: 20_000 }).toHaveLength(1);
    const second = startCli(args, { cwd: folder, env });
    const told = () => `${second.stdout()}${second.stderr()}`;
    await expect.poll(told, { timeout: 20_000 }).toContain('waits for 2 of its GPUs');
    first.kill('SIGKILL');
    await first.ended;
    expect((await second.ended).exitCode).toBe(0);
    expect(told()).toContain('left by a campaign in');
    expect(await containersWithLabel(label)).toEqual([]);
  });

  test('a signal ends the wait for a GPU, with a record and a row', async () => {
    const folder = await tinyPackage([model('shared', '-1')]);
    const { path } = await amdTools(2);
    const env = { PATH: path };
    expect((await runCli(['build', '--tags', 'shared'], { cwd: folder, env })).exitCode).toBe(0);
    const args = ['run', '--manifest-file', 'build_manifest.json'];
    const programs = [startCli(args, { cwd: folder, env }), startCli(args, { cwd: folder, env })];
    const isWaiting = (program: (typeof programs)[number]): boolean =>
      `${program.stdout()}${program.stderr()}`.includes('waits for 2 of its GPUs');
    await expect.poll(() => programs.some(isWaiting), { timeout: 20_000 }).toBe(true);
    const waiting = programs.find(isWaiting);
    waiting?.kill('SIGINT');
    expect((await waiting?.ended)?.exitCode).toBe(130);
    const others = await Promise.all(programs.filter((each) => each !== waiting).map((each) => each.ended));
    expect(others.map(({ exitCode }) => exitCode)).toEqual([0]);
    const rows = await readRows(join(folder, 'perf.csv'));
    expect(rows.map((row) => row.failure_class).sort()).toEqual(['', 'interrupted']);
  });

  test('who asks for more GPUs than there are fails before a container starts', async () => {
    const folder = await tinyPackage([model('greedy', '3')]);
    const ended = await run(folder, '--tags', 'greedy');
    expect(ended.exitCode).toBe(3);
    expect(await readRecords(folder)).toMatchObject([
      {
        failure: { class: 'device', message: expect.stringContaining('asks for 3 GPUs, and 2 of the 2') },
        durations: { stages_s: null },
      },
    ]);
    expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([{ failure_class: 'device' }]);
    expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual([]);
  });

  test('variables of the environment limit what models get', async () => {
    const folder = await tinyPackage([model('limited', '-1')]);
    const { path } = await amdTools(2);
    const env = { PATH: path, HIP_VISIBLE_DEVICES: '1' };
    const ended = await runCli(['run', '--tags', 'limited'], { cwd: folder, env });
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    expect(await readRecords(folder)).toMatchObject([{ placement: { gpus: [1] } }]);
    expect(ended.stdout + ended.stderr).toContain('HIP_VISIBLE_DEVICES=1');
  });

  test('a GPU that went away after it was found is set aside, and the run is tried again on another', async () => {
    const folder = await tinyPackage([model('one', '1'), model('all', '-1')]);
    // This machine has device files for two of the three.
    const { path } = await amdTools(3);
    const args = ['run', '--tags', 'all_of_them', '--additional-context', '{"docker_gpus": "1-2"}'];
    const ended = await runCli(args, { cwd: folder, env: { PATH: path } });
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    expect(await readRecords(folder)).toMatchObject([
      { model: { name: 'one' }, status: 'SUCCESS', placement: { gpus: [1] } },
      {
        model: { name: 'all' },
        retried: true,
        failure: {
          class: 'device',
          message: 'GPU 2 is not there any more: its /dev/dri/renderD202 is missing',
        },
      },
      { model: { name: 'all' }, status: 'SUCCESS', placement: { gpus: [1] } },
    ]);
  });

  test('an image for another vendor is skipped, and a card for other architectures too', async () => {
    const folder = await tinyPackage([
      { name: 'theirs', script: goodScript, card: { n_gpus: '1' } },
      model('unwanted', '1', { skip_gpu_arch: 'gfx90a, gfx942' }),
    ]);
    const dockerfile = join(folder, 'docker/theirs.ubuntu.Dockerfile');
    const text = await readFile(dockerfile, 'utf8');
    await writeFile(dockerfile, text.replace("{'guest_os'", "{'gpu_vendor': 'NVIDIA', 'guest_os'"));
    await rename(dockerfile, join(folder, 'docker/theirs.ubuntu.nvidia.Dockerfile'));
    const build = await runCli(
      ['build', '--tags', 'all_of_them', '--additional-context', '{"gpu_vendor": "NVIDIA"}'],
      { cwd: folder },
    );
    expect(build.exitCode, build.stdout + build.stderr).toBe(0);
    const ended = await run(folder, '--manifest-file', 'build_manifest.json');
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([
      { model: 'theirs', status: 'SKIPPED', reason: 'the image is for NVIDIA, this machine has AMD' },
      { model: 'unwanted', status: 'SKIPPED', reason: expect.stringContaining('gfx942') },
    ]);
    const forced = await run(
      folder,
      ...['--manifest-file', 'build_manifest.json', '--tags', 'unwanted', '--disable-skip-gpu-arch'],
    );
    expect(forced.exitCode, forced.stdout + forced.stderr).toBe(0);
    const only = await run(folder, '--manifest-file', 'build_manifest.json', '--tags', 'theirs');
    expect(only.exitCode).toBe(3);
  });

  test('a GPU whose error counter rises fails the run, which is tried again on another, and no later model gets that one', async () => {
    const folder = await tinyPackage([model('first', '1'), model('second', '1'), model('third', '2')]);
    const tools = await amdTools(2);
    await tools.setErrorsAfterFirstLook(4);
    const ended = await runCli(['run', '--tags', 'all_of_them'], { cwd: folder, env: { PATH: tools.path } });
    expect(ended.exitCode).toBe(3);
    expect(await readRecords(folder)).toMatchObject([
      {
        attempt: 1,
        retried: true,
        placement: { gpus: [0] },
        failure: { class: 'device', evidence: 'ecc_uncorrected 0 -> 4' },
      },
      { attempt: 2, status: 'SUCCESS', placement: { gpus: [1] } },
      { status: 'SUCCESS', placement: { gpus: [1] } },
      { attempt: 1, failure: { class: 'device', message: expect.stringContaining('GPU 0 was set aside') } },
    ]);
    const rows = await readRows(join(folder, 'perf.csv'));
    expect(rows.map((row) => [row.model, row.status]).sort()).toEqual([
      ['first', 'SUCCESS'],
      ['second', 'SUCCESS'],
      ['third', 'FAILURE'],
    ]);
    expect(ended.stdout).toContain('2 succeeded, 1 failed');
  });

  test('with --parallel, the good GPUs of a run that broke one go to its next attempt', async () => {
    const folder = await tinyPackage([model('pair', '-1', {}), model('beside', '0')]);
    const tools = await amdTools(2);
    await tools.setErrorsAfterFirstLook(4);
    const args = ['run', '--tags', 'all_of_them', '--parallel', 'auto', '--repeat', '2'];
    const ended = await runCli(args, { cwd: folder, env: { PATH: tools.path } });
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    const records = (await readRecords(folder)).filter((record) => record.model.name === 'pair');
    expect(records).toMatchObject([
      { retried: true, placement: { gpus: [0, 1] }, failure: { class: 'device' } },
      { status: 'SUCCESS', placement: { gpus: [1] }, samples: [{ gpus: [1] }, { gpus: [1] }] },
    ]);
  });

  test('--strict refuses a GPU that is throttled, with its reason, and takes another at the next attempt', async () => {
    const folder = await tinyPackage([model('careful', '1')]);
    const { path } = await amdTools(2, { throttled: 0 });
    const env = { PATH: path };
    const ended = await runCli(['run', '--tags', 'careful', '--strict'], { cwd: folder, env });
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    expect(await readRecords(folder)).toMatchObject([
      {
        retried: true,
        durations: { stages_s: null },
        failure: { class: 'device', message: expect.stringMatching(/--strict: GPU 0 was throttled before/) },
        gpu_health: [{ gpu: 0, after: null }],
      },
      { status: 'SUCCESS', placement: { gpus: [1] } },
    ]);
    const once = ['--manifest-file', 'build_manifest.json', '--strict', '--retries', '0'];
    expect((await runCli(['run', ...once], { cwd: folder, env })).exitCode).toBe(3);
    const lax = await runCli(['run', ...once.slice(0, 2)], { cwd: folder, env });
    expect([lax.exitCode, lax.stderr]).toEqual([0, expect.stringContaining('GPU 0 was throttled before')]);
  });
});

const fixtures = join(import.meta.dirname, '../fixture/device');

/** The command that would start the container. */
async function plannedStart(folder: string, path: string, ...args: string[]): Promise<string[]> {
  const ended = await runCli(['run', '--tags', 'planned', '--dry-run', '--json', ...args], {
    cwd: folder,
    env: { PATH: path },
  });
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
  const events = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { plan } = events.find(({ type }) => type === 'plan.made');
  expect(plan.problems).toEqual([]);
  return plan.commands.find(({ title }: { title: string }) => title.startsWith('start')).argv;
}

/** `PATH` with the `nvidia-smi` of a machine with so many H100. */
function nvidiaTools(count: number): Promise<string> {
  const rows = Array.from(
    { length: count },
    (_, gpu) => `${gpu}, GPU-${gpu}aaa, 550.54.15, 00000000:0${gpu}:00.0, [N/A], 81559, NVIDIA H100`,
  );
  return toolsFolder({
    'nvidia-smi': `case $1 in --query-gpu=*) printf '${rows.join('\\n')}\\n' ;; *) echo 'CUDA Version: 12.4' ;; esac`,
  });
}

/** `PATH` with the `nvidia-smi` of a machine with an A100 that is divided in two, and a V100. */
async function dividedGpu(): Promise<string> {
  const rows = [
    '0, GPU-7c3b2e44, 550.54.15, 00000000:3B:00.0, [N/A], 40960, Enabled, NVIDIA A100-SXM4-40GB',
    '1, GPU-8d4c3f55, 550.54.15, 00000000:5D:00.0, [N/A], 32768, [N/A], Tesla V100-SXM2-32GB',
  ];
  const list = await readFile(join(fixtures, 'nvidia-smi/list-mig-470.txt'), 'utf8');
  return toolsFolder({
    'nvidia-smi': `case $1 in --query-gpu=*) printf '${rows.join('\\n')}\\n' ;; -L) echo '${list}' ;; *) echo 'CUDA Version: 12.4' ;; esac`,
  });
}

if (noOwnEngine !== undefined) console.warn(`no engine with a hook of NVIDIA: ${noOwnEngine}`);

test.skipIf(noOwnEngine !== undefined)(
  'a Docker Engine with the hook of NVIDIA gives containers the GPUs that their models asked for',
  async () => {
    // With this program on its PATH the engine takes --gpus, and tells the container's first process which are its.
    const path = await toolsFolder({ 'nvidia-container-runtime-hook': 'exit 0' });
    const folder = await tinyPackage([
      {
        name: 'two',
        script: `tr '\\0' '\\n' < /proc/1/environ | grep NVIDIA_VISIBLE_DEVICES; echo "performance: 1 things/s"\n`,
        card: { n_gpus: '2' },
      },
    ]);
    const context = ['--additional-context', '{"gpu_vendor": "NVIDIA", "docker_gpus": "1-3"}'];
    expect((await runCli(['build', '--tags', 'two', ...context], { cwd: folder })).exitCode).toBe(0);
    const engine = await ownEngine({ images: ['ci-two_two.ubuntu'], path });
    const run = await runCli(['run', '--manifest-file', 'build_manifest.json', '--live-output', ...context], {
      cwd: folder,
      env: { ...engine.env, PATH: await nvidiaTools(4) },
    });
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(run.stdout).toContain('NVIDIA_VISIBLE_DEVICES=1,2\n');
    expect(await readRecords(folder)).toMatchObject([
      { placement: { gpus: [1, 2] }, gpu: { vendor: 'NVIDIA' } },
    ]);
  },
);

test('containers on a machine of NVIDIA get GPUs by number, and options of their card about memory win', async () => {
  const folder = await tinyPackage([
    {
      name: 'planned',
      script: goodScript,
      card: { n_gpus: '2', additional_docker_run_options: '--shm-size 16G' },
    },
  ]);
  const argv = await plannedStart(
    folder,
    await nvidiaTools(3),
    '--additional-context',
    '{"docker_gpus": "1-2"}',
  );
  expect(argv[argv.indexOf('--gpus') + 1]).toBe('"device=1,2"');
  expect(argv).toEqual(expect.arrayContaining(['--cap-add=SYS_NICE', '--network=host', '--shm-size', '16G']));
  expect(argv).toEqual(
    expect.arrayContaining(['--env=MAD_SYSTEM_HIP_VERSION=12.4', '--env=MAD_GPU_VENDOR=NVIDIA']),
  );
  expect(argv).not.toContain('--ipc=host');
});

test.skipIf(noOwnEngine !== undefined)(
  'a MIG slice that the environment names is given to the container, and stands in the record with its GPU',
  async () => {
    const hook = await toolsFolder({ 'nvidia-container-runtime-hook': 'exit 0' });
    const folder = await tinyPackage([
      {
        name: 'slice',
        script: `tr '\\0' '\\n' < /proc/1/environ | grep NVIDIA_VISIBLE_DEVICES; ${goodScript}`,
        card: { n_gpus: '-1' },
      },
    ]);
    const context = ['--additional-context', '{"gpu_vendor": "NVIDIA"}'];
    expect((await runCli(['build', '--tags', 'slice', ...context], { cwd: folder })).exitCode).toBe(0);
    const engine = await ownEngine({ images: ['ci-slice_slice.ubuntu'], path: hook });
    const path = await dividedGpu();
    const run = await runCli(['run', '--manifest-file', 'build_manifest.json', '--live-output', ...context], {
      cwd: folder,
      env: { ...engine.env, PATH: path, CUDA_VISIBLE_DEVICES: 'MIG-1b2c3d4e-5f60-5172-8384-95a6b7c8d9ea' },
    });
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(run.stdout).toContain('1 of 3 GPUs are offered');
    expect(run.stdout).toContain('NVIDIA_VISIBLE_DEVICES=MIG-1b2c3d4e-5f60-5172-8384-95a6b7c8d9ea\n');
    expect(await readRecords(folder)).toMatchObject([
      {
        placement: { gpus: [3] },
        gpu: { vendor: 'NVIDIA', count: 3 },
        gpu_health: [
          {
            gpu: 3,
            uuid: 'MIG-1b2c3d4e-5f60-5172-8384-95a6b7c8d9ea',
            name: 'NVIDIA A100-SXM4-40GB MIG 3g.20gb',
            mig: { parent: 0, slice: 1, profile: '3g.20gb' },
          },
        ],
      },
    ]);
  },
);

test('docker_gpus may name MIG slices', async () => {
  const folder = await tinyPackage([{ name: 'planned', script: goodScript, card: { n_gpus: '-1' } }]);
  const argv = await plannedStart(
    folder,
    await dividedGpu(),
    '--additional-context',
    '{"docker_gpus": "0:0,1"}',
  );
  expect(argv[argv.indexOf('--gpus') + 1]).toBe('"device=1,MIG-0a1b2c3d-4e5f-5061-b273-8495a6b7c8d9"');
});

test('containers on a machine of Intel get render nodes', async () => {
  const folder = await tinyPackage([{ name: 'planned', script: goodScript, card: { n_gpus: '-1' } }]);
  const list = { device_list: [{ device_id: 0, device_name: 'Intel(R) Data Center GPU Max 1550' }] };
  const path = await toolsFolder({ 'xpu-smi': `echo '${JSON.stringify(list)}'` });
  const argv = await plannedStart(folder, path, '--additional-context', '{"gpu_renderDs": [128]}');
  expect(argv).toContain('--device=/dev/dri/renderD128');
  expect(argv).toContain('--ipc=host');
});

test('a machine without a GPU says once what it can run, and runs that', async () => {
  const folder = await tinyPackage([
    { name: 'needs', script: goodScript, card: { n_gpus: '1' } },
    { name: 'plain', script: goodScript },
  ]);
  const ended = await runCli(['run', '--tags', 'all_of_them'], { cwd: folder });
  expect(ended.exitCode).toBe(3);
  expect(await readRecords(folder)).toMatchObject([{ failure: { class: 'device' } }, { status: 'SUCCESS' }]);
  expect((ended.stdout + ended.stderr).match(/this machine has no GPU/g)).toHaveLength(1);
});
