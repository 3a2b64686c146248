import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { temporaryFolder } from './support/folder.ts';
import { type ProgramResult, runCli } from './support/program.ts';
import { readRecords, type StoredRecord } from './support/results.ts';
import { goodScript, type TinyModel, tinyPackage } from './support/tiny-package.ts';

const profilers = ['rocprofv3', 'runTracer.sh', 'rtl', 'nsys', 'ncu', 'nvprof'];
const withStandIns = (...names: string[]): string =>
  ['COPY stand-in.sh /bin/stand-in', ...names.map((name) => `RUN cp /bin/stand-in /bin/${name}`)].join('\n');

async function packageWith(models: TinyModel[], parent?: string): Promise<string> {
  const folder = await tinyPackage(models, parent);
  const standIn = join(folder, 'docker/stand-in.sh');
  await copyFile(join(import.meta.dirname, 'support/stand-in.sh'), standIn);
  await chmod(standIn, 0o755);
  return folder;
}

interface Ran extends ProgramResult {
  log: string;
  record: StoredRecord & {
    artifacts: { path: string; bytes: number; sha256: string }[];
    gpu_usage?: Record<string, unknown>[];
    stages: { name: string; title: string; exit_code: number | null }[];
    warnings: string[];
  };
}

/** Runs one model of a package, built before. */
async function run(
  folder: string,
  model: string,
  context: Record<string, unknown>,
  ...options: string[]
): Promise<Ran> {
  const result = await runCli(
    [
      'run',
      '--manifest-file',
      'build_manifest.json',
      '--tags',
      model,
      '-c',
      JSON.stringify({ gen_sys_env_details: false, ...context }),
      ...options,
    ],
    { cwd: folder },
  );
  const record = (await readRecords(folder)).at(-1) as Ran['record'];
  const log = await readFile(join(folder, `${model}_${model}.ubuntu.run.live.log`), 'utf8').catch(() => '');
  return { ...result, record, log };
}

async function build(folder: string): Promise<void> {
  const { exitCode, stdout, stderr } = await runCli(['build', '--tags', 'all_of_them'], { cwd: folder });
  expect(exitCode, stdout + stderr).toBe(0);
}

const calls = (log: string): string[] =>
  log.split('\n').flatMap((line) => (line.startsWith('called: ') ? [line.slice('called: '.length)] : []));

const libraries = `
[ -z "$ROCBLAS_LAYER" ] || { echo './rocblas-bench -f gemm -m "1"'; echo './rocblas-bench -f gemm -m "1"'; echo '- { rocblas_function: "rocblas_sgemm", M: 8, call_count: 3 }'; } >&2
[ -z "$HIPBLASLT_LOG_MASK" ] || echo 'hipblaslt-bench --m 8'
[ -z "$MIOPEN_ENABLE_LOGGING_CMD" ] || echo 'MIOpen(HIP): Command [LogCmdConvolution] ./bin/MIOpenDriver conv -n 1' >&2
[ -z "$TENSILE_DB" ] || echo 'Running kernel: Cijk_A'
[ -z "$NCCL_DEBUG" ] || echo 'h:1:1 [0] NCCL INFO AllReduce: opCount 3 sendbuff 0x1 recvbuff 0x2 count 64 datatype 7 op 0 root 0 comm 0x3 [nranks=8] stream 0x4'
[ -z "$NCCL_DEBUG" ] || echo 'h:1:1 [0] NCCL INFO Init COMPLETE'
[ -z "$ONEDNN_VERBOSE" ] || echo 'onednn_verbose,v1,primitive,exec,gpu,matmul,jit,undef,src,,,8x8:8x8,0.25'
`;

let parent = '';
let folder = '';
afterAll(() => rm(parent, { recursive: true, force: true }));
beforeAll(async () => {
  parent = await mkdtemp(join(await realpath(tmpdir()), 'madengine-test-'));
  const models: TinyModel[] = [
    { name: 'profiled', script: goodScript, dockerfile: withStandIns(...profilers) },
    { name: 'bare', script: goodScript },
    { name: 'older', script: goodScript, dockerfile: withStandIns('rocprof') },
    { name: 'oldest', script: goodScript, dockerfile: withStandIns('rocprofv2') },
    { name: 'calling', script: `${libraries}${goodScript}` },
    { name: 'calling_badly', script: `${libraries}exit 7\n` },
    {
      name: 'sampled',
      script: `sleep 2; ${goodScript}`,
      dockerfile: withStandIns('amd-smi', 'rocm-smi', 'nvidia-smi', 'xpu-smi', 'rocm-sdk'),
    },
    {
      name: 'failing',
      script:
        'echo kept >../mine_output.csv; mkdir ../x_output; echo "$MAD_SECRETS_T" >../x_output/y; exit 3\n',
      dockerfile: withStandIns('rocprofv3'),
    },
  ];
  folder = await packageWith(models, parent);
  await build(folder);
});

test('each profiler is called as its manual says, and what it writes is kept and listed', async () => {
  const amd = [
    'rocprof',
    'rocprof_hip_only',
    'rocprof_sys',
    'rocprofv3',
    'rocprofv3_compute',
    'rocprofv3_memory',
    'rocprofv3_communication',
    'rocprofv3_full',
    'rocprofv3_lightweight',
    'rocprofv3_agent',
    'rocprofv3_agent_counter',
    'rocprofv3_perfetto',
    'rocprofv3_api_overhead',
    'rocprofv3_pc_sampling',
  ];
  const rocprof = await run(folder, 'profiled', { tools: amd });
  expect(rocprof.exitCode, rocprof.stdout + rocprof.stderr + rocprof.log).toBe(0);
  const heads = calls(rocprof.log).map((line) => line.split(' -- ')[0]);
  // `rocprof` and `rocprofv3` are the same command, which is there once.
  expect(heads).toHaveLength(amd.length - 1);
  expect(heads.every((head) => head?.startsWith('rocprofv3 -d /myworkspace/rocprof_output --'))).toBe(true);
  expect(heads.at(-1)).toBe('rocprofv3 -d /myworkspace/rocprof_output --runtime-trace');
  expect(heads[0]).toContain('--pc-sampling-beta-enabled --pc-sampling-method host_trap');
  expect(rocprof.log).toContain('performance: 12.5');
  expect(rocprof.record.artifacts).toEqual([
    {
      path: 'artifacts/rocprof_output/rocprofv3_results.db',
      bytes: 10,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  ]);
  expect(await readFile(join(folder, 'rocprof_output/rocprofv3_results.db'), 'utf8')).toBe('rocprofv3\n');

  const others = await run(folder, 'profiled', {
    tools: ['rpd', 'rocm_trace_lite', 'rocm_trace_lite_default', 'nsys', 'ncu', 'nvprof'],
    encapsulate_script: 'A=1',
  });
  expect(others.exitCode, others.stdout + others.log).toBe(0);
  expect(calls(others.log).map((line) => line.replace(/ sh \.\.\/.*| env A=1 .*/, ' …'))).toEqual([
    'nvprof --profile-child-processes --log-file /myworkspace/nvprof_output/log_%p.txt --export-profile /myworkspace/nvprof_output/report_%p.nvvp …',
    'ncu --target-processes all --force-overwrite --export /myworkspace/ncu_output/report …',
    'nsys profile --trace=cuda,nvtx,osrt,cudnn,cublas --force-overwrite=true --output=/myworkspace/nsys_output/report …',
    'rtl trace --mode default -o /myworkspace/rocm_trace_lite_output/trace.db …',
    'runTracer.sh -o /myworkspace/rpd_output/trace.rpd …',
  ]);
  expect(others.record.artifacts.map(({ path }) => path)).toEqual([
    'artifacts/ncu_output/report',
    'artifacts/nsys_output/report.nsys-rep',
    'artifacts/nvprof_output/log_%p.txt',
    'artifacts/nvprof_output/report_%p.nvvp',
    'artifacts/rocm_trace_lite_output/trace.db',
    'artifacts/rpd_output/trace.rpd',
  ]);
});

test('where only an older profiler is there, it is called in its own way; an option that it lacks is refused', async () => {
  const older = await run(folder, 'older', { tools: ['rocprof_sys'] });
  expect(calls(older.log)).toEqual([
    'rocprof --stats --sys-trace -o /myworkspace/rocprof_output/results.csv bash run.sh',
  ]);
  const oldest = await run(folder, 'oldest', { tools: ['rocprof'] });
  expect(calls(oldest.log)).toEqual([
    'rocprofv2 --hip-trace --plugin file -d /myworkspace/rocprof_output bash run.sh',
  ]);
  const refused = await run(folder, 'older', { tools: ['rocprofv3_compute'] });
  expect(refused.record.failure).toMatchObject({ class: 'setup', stage: 'pre_script' });
});

test('a tool that the image lacks fails before the model, by its name and that of the program', async () => {
  for (const [tool, program] of [
    ['rocprofv3', 'rocprofv3'],
    ['rpd', 'runTracer.sh'],
    ['nsys', 'nsys'],
    [{ name: 'rocprof', cmd: 'absent --x' }, 'absent'],
  ] as const) {
    const { exitCode, record, log, stdout } = await run(folder, 'bare', { tools: [tool] });
    const name = typeof tool === 'string' ? tool : tool.name;
    expect(exitCode).toBe(3);
    expect(record.failure).toMatchObject({
      class: 'setup',
      stage: 'pre_script',
      message: expect.stringContaining(`tool ${name} needs ${program}`),
      evidence: `tool ${name}: this image has no ${program}`,
    });
    expect(stdout).toContain(`tool ${name} needs ${program}`);
    expect(log).not.toContain('performance');
  }
});

test('tools, scripts and the wrapper of the user are nested in their order', async () => {
  await mkdir(join(folder, 'scripts/mine'), { recursive: true });
  await writeFile(join(folder, 'scripts/mine/say.sh'), 'echo "user $*"\n');
  const { log, exitCode } = await run(folder, 'bare', {
    tools: ['test_tools_A', { name: 'test_tools_B' }],
    pre_scripts: [{ path: 'scripts/mine/say.sh', args: 'before' }],
    post_scripts: [{ path: 'scripts/mine/say.sh', args: 'after' }],
    encapsulate_script: 'echo wrapped &&',
  });
  expect(exitCode).toBe(0);
  expect(log.trim().split('\n')).toEqual([
    'pre_script B',
    'pre_script A',
    'user before',
    'cmd_B',
    'cmd_A',
    'wrapped',
    'performance: 12.5 samples/sec',
    'user after',
    'post_script A',
    'post_script B',
  ]);
});

const tableOf = async (): Promise<string[]> =>
  (await readFile(join(folder, 'library_trace.csv'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => line.split(',').slice(2).join(','));

test('trace counts the calls of all libraries of the vendor, and leaves their lines out of the log', async () => {
  const amd = await run(folder, 'calling', { tools: ['trace'] });
  expect(amd.exitCode, amd.log).toBe(0);
  expect(await tableOf()).toEqual([
    'model,library,config,calls',
    '"calling",rocblas,"./rocblas-bench -f gemm -m ""1""",2',
    '"calling",rocblas_function,"rocblas_function: ""rocblas_sgemm"", M: 8",3',
    '"calling",hipblaslt,"hipblaslt-bench --m 8",1',
    '"calling",miopen,"./bin/MIOpenDriver conv -n 1",1',
    '"calling",tensile,"Running kernel: Cijk_A",1',
    '"calling",rccl,"AllReduce count 64 datatype 7 op 0 root 0 nranks=8",1',
  ]);
  expect(amd.log).toBe('h:1:1 [0] NCCL INFO Init COMPLETE\nperformance: 12.5 samples/sec\n');
  for (const [vendor, library] of [
    ['NVIDIA', 'nccl'],
    ['INTEL', 'onednn'],
  ]) {
    await run(folder, 'calling', { tools: ['trace'], docker_env_vars: { MAD_GPU_VENDOR: vendor } });
    expect((await tableOf()).slice(1).map((line) => line.split(',')[1])).toEqual([library]);
  }
});

test.each([
  ['rocblas_trace', ['rocblas', 'rocblas_function']],
  ['hipblaslt_trace', ['hipblaslt']],
  ['miopen_trace', ['miopen']],
  ['tensile_trace', ['tensile']],
  ['rccl_trace', ['rccl']],
  ['nccl_trace', ['nccl']],
  ['onednn_trace', ['onednn']],
])(
  "%s turns on its library's log alone, and a model that fails keeps its exit code and the table",
  async (tool, kinds) => {
    const { record } = await run(folder, 'calling_badly', { tools: [tool] });
    expect(record.failure).toMatchObject({
      class: 'exit_code',
      message: expect.stringContaining('exit code 7'),
    });
    expect((await tableOf()).slice(1).map((line) => line.split(',')[1])).toEqual(kinds);
    expect(record.artifacts.map(({ path }) => path)).toEqual(['artifacts/library_trace.csv']);
  },
);

test('power and memory are sampled beside the model, and stand in the record as statistics', async () => {
  const tools = ['gpu_info_power_profiler', 'gpu_info_vram_profiler', 'therock_check'];
  const { record, log } = await run(folder, 'sampled', { tools });
  expect(record.status, log).toBe('SUCCESS');
  expect(log).toContain('TheRock: rocm-sdk 7.10.0 in /opt/rocm');
  expect(record.gpu_usage).toEqual([
    expect.objectContaining({ gpu: 0, what: 'power', unit: 'W', mean: 150, median: 150, p95: 150, max: 150 }),
    expect.objectContaining({ gpu: 2, what: 'power', max: 250 }),
    expect.objectContaining({ gpu: 0, what: 'memory', unit: '%', mean: 25 }),
    expect.objectContaining({ gpu: 2, what: 'memory', max: 50 }),
  ]);
  expect(Number(record.gpu_usage?.[0]?.samples)).toBeGreaterThan(1);
  const csv = await readFile(join(folder, 'gpu_info_power_profiler_output.csv'), 'utf8');
  expect(csv).toMatch(
    /^time,Power\(Watt\) GPU0,Power\(Watt\) GPU2\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z,150,250\n/,
  );
});

test.each([
  ['rocm-smi', 91, 25],
  ['nvidia-smi', 61.5, 25],
  ['xpu-smi', 14.61, 25.5],
])('samples may come from %s', async (source, watts, percent) => {
  const tools = ['gpu_info_power_profiler', 'gpu_info_vram_profiler'];
  const { record, log } = await run(folder, 'sampled', {
    tools,
    docker_env_vars: { GPU_INFO_SOURCE: source },
  });
  expect(record.gpu_usage, log).toMatchObject([
    { gpu: 0, what: 'power', max: watts },
    { gpu: 0, what: 'memory', max: percent },
  ]);
});

test('the variables of both Python tools choose GPUs, rate and file, and run a model on both dies', async () => {
  const v1 = {
    name: 'gpu_info_power_profiler',
    cmd: 'python3 ../scripts/common/tools/gpu_info_profiler.py',
    env_vars: {
      POWER_DEVICE: '2',
      POWER_SAMPLING_RATE: 0.2,
      'DUAL-GCD': 'true',
      POWER_OUTPUT_FILE: 'mine_output.csv',
    },
  };
  const { record, log } = await run(folder, 'sampled', {
    tools: [{ ...v1, cmd: 'sh ../scripts/common/tools/dual_gcd.sh' }],
  });
  expect(log.match(/performance/g)).toHaveLength(2);
  expect(record.gpu_usage).toMatchObject([{ gpu: 2, max: 250 }]);
  expect(record.artifacts.map(({ path }) => path)).toEqual(['artifacts/mine_output.csv']);
  const python = await run(folder, 'sampled', {
    tools: [{ ...v1, env_vars: {} }],
  });
  expect(python.record.failure?.message).toContain('tool gpu_info_power_profiler needs python3');
  const none = await run(folder, 'sampled', {
    tools: [{ name: 'gpu_info_power_profiler', env_vars: { POWER_DEVICE: '7' } }],
  });
  expect(none.record.failure).toMatchObject({
    class: 'setup',
    evidence: 'gpu_info_power_profiler: DEVICE 7 names none of the GPUs here: 0 2',
  });
  const without = await run(folder, 'bare', { tools: ['gpu_info_vram_profiler'] });
  expect(without.record.failure?.evidence).toContain('none of amd-sysfs, amd-smi, rocm-smi is in this image');
  const rock = await run(folder, 'bare', { tools: ['therock_check'] });
  expect(rock.record.failure?.evidence).toContain('no ROCm from TheRock');
});

test('a model that fails keeps what its tool saw, without the secrets in it', async () => {
  const result = await runCli(
    [
      'run',
      '--manifest-file',
      'build_manifest.json',
      '--tags',
      'failing',
      '-c',
      '{"tools": ["rocprof"], "gen_sys_env_details": false}',
    ],
    { cwd: folder, env: { MAD_SECRETS_T: 'only-for-the-m0del' } },
  );
  expect(result.exitCode).toBe(3);
  const record = (await readRecords(folder)).at(-1) as Ran['record'];
  expect(record.failure?.class).toBe('exit_code');
  expect(record.artifacts.map(({ path }) => path)).toEqual([
    'artifacts/mine_output.csv',
    'artifacts/rocprof_output/rocprofv3_results.db',
    'artifacts/x_output/y',
  ]);
  expect(record.warnings).toEqual([expect.stringContaining('x_output/y held a secret')]);
  expect(await readFile(join(folder, 'x_output/y'), 'utf8')).toBe('******\n');
});

test("the package's tools win, a wrong file is told at once, and nothing is written into the package", async () => {
  const own = await packageWith([{ name: 'm', script: `cat ../scripts/common/test_echo.sh\n${goodScript}` }]);
  await mkdir(join(own, 'scripts/common'), { recursive: true });
  const file = join(own, 'scripts/common/tools.json');
  await writeFile(
    file,
    JSON.stringify({ tools: { mine: { cmd: `echo 'it''s' "a b" &&`, env_vars: { A: 1 }, odd: 1 } } }),
  );
  await writeFile(join(own, 'scripts/common/test_echo.sh'), '# theirs\n');
  await build(own);
  const ran = await run(own, 'm', { tools: ['mine', 'test_tools_A'] });
  expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
  expect(ran.log).toContain('its a b\n# theirs\nperformance');
  expect((ran.stdout + ran.stderr).match(/"mine\.odd": no such key/g)).toHaveLength(1);
  expect((await readdir(join(own, 'scripts/common'))).sort()).toEqual(['test_echo.sh', 'tools.json']);

  for (const [text, says] of [
    ['{"tools": {"mine": {"pre_scripts": [{"path": "../../x.sh"}]}}}', 'no path inside the package'],
    ['{"tools": {"mine": {"cmd": ["x"]}}}', 'tools.mine.cmd'],
    ['{"tools": {"other": {}}}', 'there is no tool "mine"'],
  ] as const) {
    await writeFile(file, text);
    const wrong = await run(own, 'm', { tools: ['mine'] });
    expect(wrong.exitCode).toBe(4);
    expect(wrong.stderr).toContain(says);
  }
  await writeFile(join(own, 'other.json'), '{"tools": {"mine": {"cmd": "echo other &&"}}}');
  const other = await run(own, 'm', { tools: ['mine'] }, '--tools-config', 'other.json');
  expect(other.log).toContain('other\n');
  await rm(file);
  const usual = await run(own, 'm', {}, '--tools-config', './scripts/common/tools.json');
  expect(usual.exitCode, usual.stderr).toBe(0);
  const absent = await run(own, 'm', {}, '--tools-config', 'absent.json');
  expect([absent.exitCode, absent.stderr]).toEqual([4, expect.stringContaining('no file at absent.json')]);
  const misspelt = await runCli(['run', '--tags', 'm', '-c', '{"tools": ["rocprov3"]}', '--dry-run'], {
    cwd: own,
  });
  expect([misspelt.exitCode, misspelt.stderr]).toEqual([4, expect.stringContaining('"rocprofv3"')]);
});

test('--dry-run shows what the tools do, --skip-model-run runs their scripts alone', async () => {
  const plan = await run(folder, 'bare', { tools: ['test_tools_A', 'rocprof'] }, '--dry-run');
  expect(plan.stdout).toContain(
    'sh ../scripts/common/tools/rocprof_wrapper.sh --runtime-trace -- echo cmd_A && "${madengine_shell}" run.sh',
  );
  expect(plan.stdout).toContain('(tool test_tools_A: scripts/common/test_echo.sh)');
  const skipped = await run(folder, 'bare', { tools: ['test_tools_A', 'rocprof'] }, '--skip-model-run');
  expect([skipped.exitCode, skipped.record.status]).toEqual([0, 'SKIPPED']);
  expect(skipped.log).toBe('pre_script A\npost_script A\n');
});

test('a pre-script that fails ends the run before the model', async () => {
  await writeFile(
    join(folder, 'scripts/mine.json'),
    '{"tools": {"bad": {"pre_scripts": ["scripts/bad.sh"], "cmd": ""}}}',
  );
  await writeFile(join(folder, 'scripts/bad.sh'), 'echo no licence; exit 9\n');
  const { record, log } = await run(
    folder,
    'bare',
    { tools: ['bad'] },
    '--tools-config',
    'scripts/mine.json',
  );
  expect(record.failure).toMatchObject({ class: 'setup', evidence: 'no licence' });
  expect(log).not.toContain('performance');
});

test('--engine host runs tools as processes, and leaves none', async () => {
  const bin = join(await temporaryFolder(), 'bin');
  await mkdir(bin);
  for (const name of ['rocprofv3', 'amd-smi']) {
    await copyFile(join(import.meta.dirname, 'support/stand-in.sh'), join(bin, name));
    await chmod(join(bin, name), 0o755);
  }
  const context = {
    gen_sys_env_details: false,
    tools: [
      'rocprof',
      { name: 'gpu_info_power_profiler', env_vars: { GPU_INFO_SOURCE: 'amd-smi' } },
      'trace',
    ],
  };
  const result = await runCli(
    [
      'run',
      '--manifest-file',
      'build_manifest.json',
      '--tags',
      'sampled',
      '--engine',
      'host',
      '-c',
      JSON.stringify(context),
    ],
    { cwd: folder, env: { PATH: `${bin}:${process.env.PATH}` } },
  );
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  const record = (await readRecords(folder)).at(-1) as Ran['record'];
  expect(record.artifacts.map(({ path }) => path)).toEqual([
    'artifacts/gpu_info_power_profiler_output.csv',
    'artifacts/library_trace.csv',
    'artifacts/rocprof_output/rocprofv3_results.db',
  ]);
  expect(record.gpu_usage).toHaveLength(2);
  const processes = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
  );
  expect(processes.filter((line) => line.includes('gpu_info') && line.includes(record.run))).toEqual([]);
});

test('without the package here, its tools come from the snapshot that the manifest names', async () => {
  const own = await packageWith([{ name: 'm', script: goodScript }]);
  await mkdir(join(own, 'scripts/common'), { recursive: true });
  const entry = { cmd: 'echo from the package &&', pre_scripts: ['scripts/common/mine.sh'] };
  await writeFile(join(own, 'scripts/common/tools.json'), JSON.stringify({ tools: { mine: entry } }));
  await writeFile(join(own, 'scripts/common/mine.sh'), 'echo its script\n');
  const built = await runCli(['build', '--tags', 'm', '--package', 'file'], { cwd: own });
  expect(built.exitCode, built.stdout + built.stderr).toBe(0);
  const elsewhere = await temporaryFolder();
  for (const file of ['build_manifest.json', 'build_manifest.json.package.tar.gz'])
    await copyFile(join(own, file), join(elsewhere, file));
  const { log, stdout, stderr } = await run(elsewhere, 'm', { tools: ['mine'] });
  expect(log, stdout + stderr).toBe('its script\nfrom the package\nperformance: 12.5 samples/sec\n');
});

test('our tools are in the published package', async () => {
  const tools = join(inject('installed').packageFolder, 'tools/scripts/common');
  expect(await readdir(tools)).toEqual(
    expect.arrayContaining(['tools.json', 'pre_scripts', 'post_scripts', 'tools']),
  );
});
