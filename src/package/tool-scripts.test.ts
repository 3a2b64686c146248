/** Our tools' scripts where no image is needed; test/system/tools.test.ts runs them in one. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { shippedTools } from './shipped-tools.ts';

vi.setConfig({ testTimeout: 60_000 });

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tool scripts-'));
  await cp(join(shippedTools(), 'scripts'), join(folder, 'scripts'), { recursive: true });
  await mkdir(join(folder, 'run_directory'));
});
afterEach(() => rm(folder, { recursive: true }));

const shells = ['sh', 'bash'];

const runScript = (shell: string, script: string, args: string[], env: Record<string, string> = {}) =>
  spawnSync(shell, [join(folder, 'scripts/common/tools', script), ...args], {
    cwd: join(folder, 'run_directory'),
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  });

/** The profiler, with a machine's files in place of /sys and /dev. */
async function withMachine(files: Record<string, string>): Promise<void> {
  const root = join(folder, 'machine');
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const script = join(folder, 'scripts/common/tools/gpu_info_profiler.sh');
  const text = await readFile(script, 'utf8');
  const quoted = `"$workspace"/machine`;
  await writeFile(
    script,
    text
      .replaceAll('in /sys/class/drm', `in ${quoted}/sys/class/drm`)
      .replaceAll('"/dev/dri/', '"$workspace/machine/dev/dri/'),
  );
}

const amd = (node: number, values: { power?: string; used?: string }) => {
  const device = `sys/class/drm/renderD${node}/device`;
  return {
    [`dev/dri/renderD${node}`]: '',
    [`${device}/vendor`]: '0x1002\n',
    ...(values.power === undefined ? {} : { [`${device}/hwmon/hwmon3/power1_average`]: `${values.power}\n` }),
    ...(values.used === undefined
      ? {}
      : { [`${device}/mem_info_vram_total`]: '400\n', [`${device}/mem_info_vram_used`]: `${values.used}\n` }),
  };
};

test.each(shells)(
  "%s: AMD's driver tells power and memory of the GPUs that the container has",
  async (shell) => {
    await withMachine({
      ...amd(128, { power: '123456789', used: '100' }),
      // The second die of a package has no power of its own.
      ...amd(129, { power: '0', used: '5' }),
      'sys/class/drm/renderD130/device/vendor': '0x1002\n',
    });
    const power = runScript(shell, 'gpu_info_profiler.sh', ['run', 'sleep', '0.3'], { SAMPLING_RATE: '0.1' });
    expect(power.stderr + power.stdout).toContain('from amd-sysfs');
    const lines = (await readFile(join(folder, 'prof.csv'), 'utf8')).trim().split('\n');
    expect(lines[0]).toBe('time,Power(Watt) GPU0');
    expect(lines[1]).toMatch(/^[-\dT:.]+Z,123\.456$/);
    expect(lines.length).toBeGreaterThan(2);
    runScript(shell, 'gpu_info_profiler.sh', ['run', 'true'], { MODE: 'vram', DEVICE: '1' });
    expect(await readFile(join(folder, 'prof.csv'), 'utf8')).toMatch(/^time,vram\(%\) GPU1\n[^,]+,1\.25\n/);
  },
);

test("Intel's driver tells energy, of which power is made", async () => {
  await withMachine({
    'dev/dri/renderD128': '',
    'sys/class/drm/renderD128/device/vendor': '0x8086\n',
    'sys/class/drm/renderD128/device/hwmon/hwmon1/energy1_input': '5000000\n',
  });
  const env = { GPU_INFO_SOURCE: 'intel-sysfs' };
  runScript('sh', 'gpu_info_profiler.sh', ['run', 'sleep', '0.3'], env);
  expect(await readFile(join(folder, 'prof.csv'), 'utf8')).toMatch(
    /^time,Power\(Watt\) GPU0\n[^,]+,0\.000\n/,
  );
});

test('wrong settings are told and nothing is begun', () => {
  const says = (env: Record<string, string>) => {
    const { status, stderr } = runScript('sh', 'gpu_info_profiler.sh', ['start', 'POWER', 'tool'], env);
    return [status, stderr.trim()];
  };
  expect(says({ POWER_SAMPLING_RATE: '1; rm -rf /' })[1]).toContain(
    "SAMPLING_RATE is seconds above 0, not '1; rm -rf /'",
  );
  expect(says({ POWER_SAMPLING_RATE: '0.0' })[1]).toContain("not '0.0'");
  expect(says({ POWER_OUTPUT_FILE: '../../x' })[1]).toContain('a name without folders');
  expect(says({ POWER_MODE: 'heat' })[1]).toContain('power or vram');
  expect(says({ GPU_INFO_SOURCE: 'amd-smi', PATH: '/usr/bin:/bin' })[0]).toBe(127);
});

test.each(shells)(
  '%s: wrappers keep words, variables before the command and its exit code',
  async (shell) => {
    const words = ['A=1 2', 'sh', '-c', 'echo "$A|$1|$2"; exit 5', 'x', "a  b'", '$HOME'];
    for (const script of ['get_library_trace.sh', 'dual_gcd.sh']) {
      const { status, stdout } = runScript(shell, script, words);
      expect([script, status, stdout]).toEqual([script, 5, "1 2|a  b'|$HOME\n"]);
    }
    const older = runScript(shell, 'rocprof_wrapper.sh', ['--runtime-trace', 'x']);
    expect([older.status, older.stderr]).toEqual([64, expect.stringContaining('no -- between')]);
  },
);

test.each(['mawk', 'busybox'].filter((awk) => existsSync(`/usr/bin/${awk}`)))(
  'counting with %s keeps order, bytes and the last line of what is no call',
  async (awk) => {
    // Names of programs decide what they are.
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await symlink(`/usr/bin/${awk}`, join(bin, 'awk'));
    const many =
      'i=0; while [ $i -lt 3000 ]; do echo "hipblaslt-bench -m $((i%2))"; echo "line $i"; i=$((i+1)); done';
    const all = ['sh', '-c', `{ ${many}; printf 'a\\n\\377\\nhipblaslt-bench -m 0\\nb'; } >x; cat x`];
    const { stdout } = runScript('sh', 'get_library_trace.sh', all, {
      HIPBLASLT_TRACE: '1',
      PATH: `${bin}:${process.env.PATH}`,
    });
    const lines = stdout.split('\n');
    expect(lines.slice(0, 3000)).toEqual(Array.from({ length: 3000 }, (_, index) => `line ${index}`));
    expect(lines.slice(3000)).toEqual(['a', '\ufffd', 'b', '']);
    const table = (await readFile(join(folder, 'library_trace.csv'), 'utf8')).trim().split('\n').slice(1);
    expect(table.map((line) => line.split(',').slice(-2).join())).toEqual([
      '"hipblaslt-bench -m 0",1501',
      '"hipblaslt-bench -m 1",1500',
    ]);
  },
);

test('the names that older packages call with Python lead to our scripts', async () => {
  const python = (script: string, ...args: string[]) =>
    spawnSync('python3', [join(folder, 'scripts/common/tools', script), ...args], {
      cwd: join(folder, 'run_directory'),
      env: { PATH: process.env.PATH, HIPBLASLT_TRACE: '1', MAD_MODEL_NAME: 'm' },
      encoding: 'utf8',
    });
  const traced = python('get_library_trace.py', 'sh', '-c', 'echo hipblaslt-bench -m 1; echo x; exit 3');
  expect([traced.status, traced.stdout]).toEqual([3, 'x\n']);
  expect(await readFile(join(folder, 'library_trace.csv'), 'utf8')).toContain(
    '"m",hipblaslt,"hipblaslt-bench -m 1",1',
  );
  await withMachine(amd(128, { power: '5000000' }));
  expect(python('gpu_info_profiler.py', 'echo', 'done').stdout).toContain('done\n');
  const post = join(folder, 'scripts/common/post_scripts/gpu_info_post.sh');
  spawnSync('sh', [post, 'gpu_info_power_profiler'], { cwd: join(folder, 'run_directory') });
  expect(await readFile(join(folder, 'gpu_info_power_profiler_output.csv'), 'utf8')).toContain(',5.000\n');
});
