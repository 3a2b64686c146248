/** Our tools' scripts where no image is needed; test/system/tools.test.ts runs them in one. */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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

test('counting keeps order, bytes and the last line of what is no call', () => {
  const { stdout } = runScript(
    'sh',
    'get_library_trace.sh',
    ['printf', 'a\\n\\377\\nhipblaslt-bench -m 1\\nb'],
    {
      HIPBLASLT_TRACE: '1',
    },
  );
  expect(stdout.split('\n').map((line) => line.length)).toEqual([1, 1, 1, 0]);
});
