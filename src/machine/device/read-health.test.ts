/** sysfs as amdgpu's and i915's documentation describes it; no GPU was at hand. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeAnswer, fakeRunner } from '../command/fake-runner.ts';
import type { GpuFacts } from './gpu-facts.ts';
import { readHealth } from './read-health.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'madengine-health-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function files(contents: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(contents)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), `${text}\n`);
  }
}

const facts = (vendor: GpuFacts['vendor']): GpuFacts => ({
  vendor,
  count: 2,
  architecture: '',
  devices: [
    { index: 0, name: '', pciAddress: '0000:05:00.0', kfdId: 1001, uuid: 'GPU-0' },
    {
      index: 1,
      name: '',
      pciAddress: '0000:26:00.0',
      kfdId: 1002,
      uuid: 'GPU-1',
      memoryBytes: 2048 * 1024 ** 2,
    },
  ],
  notes: [],
});

const read = (vendor: GpuFacts['vendor'], answers: FakeAnswer[], ...programs: string[]) =>
  readHealth(
    fakeRunner(answers, Object.fromEntries(programs.map((name) => [name, `/usr/bin/${name}`]))),
    facts(vendor),
    [1],
    { root },
  );

test('AMD: the driver tells clocks, memory, processes and errors of every block', async () => {
  const pci = '/sys/bus/pci/devices/0000:26:00.0';
  await files({
    [`${pci}/gpu_busy_percent`]: '3',
    [`${pci}/mem_info_vram_total`]: '1000',
    [`${pci}/mem_info_vram_used`]: '400',
    [`${pci}/pp_dpm_sclk`]: '0: 132Mhz\n1: 2100Mhz *',
    [`${pci}/ras/umc_err_count`]: 'ue: 0\nce: 2',
    [`${pci}/ras/aca_gfx`]: 'ue: 1\nce: 0\nde: 5',
    [`${pci}/ras/features`]: 'feature mask: 0x1',
    '/sys/class/kfd/kfd/proc/4711/vram_1002': '4096',
    '/sys/class/kfd/kfd/proc/4712/vram_1002': '0',
    '/proc/4711/comm': 'python3',
  });
  const log =
    '[1.0] amdgpu 0000:26:00.0: amdgpu: GPU reset begin!\n[1.1] amdgpu 0000:05:00.0: GPU reset begin!\n';
  const { gpus, kernelErrors } = await read('AMD', [{ when: '/usr/bin/dmesg', stdout: log }], 'dmesg');
  expect([...gpus]).toEqual([
    [
      1,
      {
        clock_mhz: 2100,
        utilisation_percent: 3,
        memory_total_bytes: 1000,
        memory_free_bytes: 600,
        processes: [{ pid: 4711, name: 'python3' }],
        counters: {
          ras_umc_uncorrected: 0,
          ras_umc_corrected: 2,
          ras_gfx_uncorrected: 1,
          ras_gfx_corrected: 0,
        },
      },
    ],
  ]);
  expect(kernelErrors).toMatchObject([{ gpu: 1, isDevices: true }]);
});

test('NVIDIA: an older driver knows the reasons of throttling under another name', async () => {
  const { gpus } = await read(
    'NVIDIA',
    [
      {
        when: (argv) => argv[1]?.startsWith('--query-gpu=index,clocks.sm') ?? false,
        stdout: '1, 345, 2619, 88, 70.5, 0, 81559, 81000, 0, 1\n',
      },
      { when: (argv) => argv[1]?.includes('clocks_event_reasons') ?? false, exitCode: 2 },
      {
        when: (argv) => argv[1]?.includes('clocks_throttle_reasons') ?? false,
        stdout: '1, 0x0000000000000004\n',
      },
      {
        when: (argv) => argv[1]?.includes('compute-apps') ?? false,
        stdout: 'GPU-1, 99, /opt/python3\nGPU-0, 98, other\n',
      },
    ],
    'nvidia-smi',
  );
  expect(gpus.get(1)).toMatchObject({
    clock_mhz: 345,
    throttled: ['power cap'],
    processes: [{ pid: 99, name: 'python3' }],
    counters: { ecc_uncorrected: 1 },
  });
});

test('a tool that hung is not asked again, and what is missing is told each time', async () => {
  await files({ '/sys/bus/pci/devices/0000:26:00.0/gpu_busy_percent': '3' });
  const runner = fakeRunner([{ when: '/usr/bin/amd-smi', end: { kind: 'timed-out' } }], {
    'amd-smi': '/usr/bin/amd-smi',
  });
  const hung = new Set<string>();
  for (const _ of ['before', 'after']) {
    const { gpus, unanswered } = await readHealth(runner, facts('AMD'), [1], { root, hung });
    expect(gpus.get(1)).toEqual({ utilisation_percent: 3 });
    expect(unanswered).toEqual(['/usr/bin/amd-smi']);
  }
  expect(runner.lines.filter((line) => line.startsWith('/usr/bin/amd-smi'))).toHaveLength(1);
});

test('Intel: memory in use and the reasons of throttling', async () => {
  const card = '/sys/bus/pci/devices/0000:26:00.0/drm/card1/gt/gt0';
  await files({
    [`${card}/throttle_reason_status`]: '1',
    [`${card}/throttle_reason_thermal`]: '1',
    [`${card}/throttle_reason_pl1`]: '0',
  });
  const stats = { device_level: [{ metrics_type: 'XPUM_STATS_MEMORY_USED', value: 1024 }] };
  const { gpus } = await read(
    'INTEL',
    [{ when: '/usr/bin/xpu-smi', stdout: JSON.stringify(stats) }],
    'xpu-smi',
  );
  expect(gpus.get(1)).toEqual({
    memory_total_bytes: 2048 * 1024 ** 2,
    memory_free_bytes: 1024 ** 3,
    throttled: ['thermal'],
  });
});

test.each(['AMD', 'NVIDIA', 'INTEL', 'NONE'] as const)(
  'without tools and files, nothing is known of %s',
  async (vendor) => {
    const { gpus, kernelErrors } = await read(vendor, []);
    expect([...gpus]).toEqual([]);
    expect(kernelErrors).toBeUndefined();
  },
);

test('NVIDIA: a slice is as its GPU is, without the load and the programs of other slices', async () => {
  const mig = (slice: number) => ({ parent: 0, slice, profile: '3g.20gb' });
  const slices: GpuFacts = {
    ...facts('NVIDIA'),
    devices: [0, 1].map((slice) => ({ index: 2 + slice, name: '', uuid: `MIG-${slice}`, mig: mig(slice) })),
  };
  const runner = fakeRunner(
    [
      {
        when: (argv) => argv[1]?.startsWith('--query-gpu=index,clocks.sm') ?? false,
        stdout: '0, 345, 2619, 40, 70.5, [N/A], 81559, 1000, 0, 1\n',
      },
      { when: (argv) => argv[1]?.includes('event_reasons') ?? false, stdout: '0, 0x40\n' },
      { when: '/usr/bin/nvidia-smi', stdout: 'GPU-0, 98, other\n' },
    ],
    { 'nvidia-smi': '/usr/bin/nvidia-smi' },
  );
  const { gpus } = await readHealth(runner, slices, [2, 3], { root });
  const shared = {
    clock_mhz: 345,
    memory_clock_mhz: 2619,
    temperature_c: 40,
    power_w: 70.5,
    throttled: ['thermal slowdown'],
    counters: { ecc_corrected: 0, ecc_uncorrected: 1 },
  };
  expect([...gpus]).toEqual([
    [2, shared],
    [3, shared],
  ]);
  expect(runner.lines.every((line) => line.includes('--id=0 '))).toBe(true);
});
