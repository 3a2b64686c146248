/** The tools' outputs in `test/fixture/device`, whose README says where their forms come from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseMetrics } from './amd-health.ts';
import {
  parseAmdSmiList,
  parseAmdSmiStatic,
  parseRocminfo,
  parseRocmSmiHardware,
  parseRocmSmiIds,
  parseRocmSmiProducts,
} from './amd-tools.ts';
import { parseDiscovery } from './intel.ts';
import { parseStats } from './intel-health.ts';
import { parseKernelLog } from './kernel-log.ts';
import { parseList, parseQuery } from './nvidia.ts';
import { parseProcesses, parseReadings, parseReasons } from './nvidia-health.ts';

const output = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../../test/fixture/device', name), 'utf8');

test('nvidia-smi: one row for each GPU that answers', () => {
  expect(parseQuery(output('nvidia-smi/query-550.csv'))).toEqual([
    {
      index: 0,
      name: 'NVIDIA H100 80GB HBM3',
      uuid: 'GPU-5a1f0c22-9d3e-41b7-8a60-0f1c2d3e4f50',
      driver: '550.54.15',
      pciAddress: '0000:1b:00.0',
      serial: '1652823000011',
      memoryBytes: 81559 * 1024 ** 2,
    },
    expect.objectContaining({ index: 1, pciAddress: '0000:43:00.0' }),
  ]);
  const [left, ...others] = parseQuery(output('nvidia-smi/query-lost-gpu.csv'));
  expect(left).not.toHaveProperty('serial');
  expect(others).toEqual([]);
});

test('nvidia-smi: slices are no GPUs', () => {
  expect(parseList(output('nvidia-smi/list-mig-470.txt')).map(({ name }) => name)).toEqual([
    'NVIDIA A100-SXM4-40GB',
    'Tesla V100-SXM2-32GB',
  ]);
});

test('nvidia-smi: health, where idle is no throttling', () => {
  const readings = parseReadings(output('nvidia-smi/health-550.csv'));
  expect(readings.get(1)).toEqual({
    clock_mhz: 345,
    memory_clock_mhz: 2619,
    temperature_c: 88,
    utilisation_percent: 97,
    memory_total_bytes: 81559 * 1024 ** 2,
    memory_free_bytes: 12000 * 1024 ** 2,
    counters: { ecc_corrected: 2, ecc_uncorrected: 1 },
  });
  expect([...parseReasons(output('nvidia-smi/reasons-550.csv'))]).toEqual([
    [0, []],
    [1, ['hardware slowdown', 'thermal slowdown']],
  ]);
  expect([...parseProcesses(output('nvidia-smi/processes-550.csv')).values()]).toEqual([
    [
      { pid: 4711, name: 'python3' },
      { pid: 4712, name: '[Not Found]' },
    ],
  ]);
});

test.each([
  ['rocm-6.4', [0, 1]],
  ['rocm-6.1', [0]],
  ['rocm-7', [0]],
])('amd-smi list of %s: the GPUs, whatever stands around the list', (version, indices) => {
  const found = parseAmdSmiList(output(`amd-smi/list-${version}.json`));
  expect(found.map(({ index }) => index)).toEqual(indices);
  for (const gpu of found) expect(gpu.pciAddress).toMatch(/^0000:..:00\.0$/);
});

test('amd-smi static: names that are names, serials that are serials', () => {
  expect(parseAmdSmiStatic(output('amd-smi/static-rocm-6.4.json'))).toEqual([
    {
      index: 0,
      name: 'AMD Instinct MI300X',
      serial: '692251000011',
      memoryBytes: 196592 * 1024 ** 2,
      driver: '6.12.12',
    },
    { index: 1, name: 'AMD Instinct MI300X OAM', memoryBytes: 196592 * 1024 ** 2, driver: '6.12.12' },
  ]);
});

test('amd-smi metric: what is not available is absent', () => {
  expect([...parseMetrics(output('amd-smi/metric-rocm-6.4.json'))]).toEqual([
    [
      0,
      { power_w: 137, temperature_c: 41, throttled: [], counters: { ecc_corrected: 3, ecc_uncorrected: 0 } },
    ],
    [1, { throttled: ['throttled'] }],
  ]);
});

test('rocm-smi --showhw: a device id of ROCm 5 is no node', () => {
  expect(parseRocmSmiHardware(output('rocm-smi/showhw-rocm-5.txt'))).toEqual([
    { index: 0, pciAddress: '0000:c1:00.0' },
    { index: 1, pciAddress: '0000:c6:00.0' },
  ]);
  expect(parseRocmSmiHardware(output('rocm-smi/showhw-rocm-6.txt'))).toEqual([
    { index: 0, node: 2, gpuId: 20068, pciAddress: '0000:01:00.0' },
    { index: 1, node: 1, gpuId: 48932, pciAddress: '0000:02:00.0' },
  ]);
});

test('rocm-smi: ids and products', () => {
  expect(parseRocmSmiIds(output('rocm-smi/showid-rocm-6.csv'))).toEqual([{ index: 0 }, { index: 1 }]);
  expect(parseRocmSmiProducts(output('rocm-smi/showproductname-rocm-5.txt'))).toEqual([
    { index: 0, name: 'AMD INSTINCT MI200 (MCM) OAM LC MBA HPE C2' },
  ]);
  expect(parseRocmSmiProducts(output('rocm-smi/showproductname-rocm-6.txt'))).toEqual([
    { index: 0, name: 'AMD Instinct MI210' },
  ]);
});

test('rocminfo: the first agent that is a GPU', () => {
  expect(parseRocminfo(output('rocminfo/rocm-6.txt'))).toEqual({
    architecture: 'gfx90a',
    name: 'AMD Instinct MI210',
  });
});

test('xpu-smi: physical devices of old and new versions, and their errors', () => {
  expect(parseDiscovery(output('xpu-smi/discovery-1.0.json'))).toMatchObject([
    { index: 0, pciAddress: '0000:4d:00.0' },
  ]);
  expect(parseDiscovery(output('xpu-smi/discovery-1.3.json'))).toMatchObject([{ index: 0, card: 'card1' }]);
  expect(parseStats(output('xpu-smi/stats-1.3.json'))).toMatchObject({
    values: {
      clock_mhz: 1600,
      counters: { ras_reset: 0, ras_cache_errors_corrected: 4, ras_cache_errors_uncorrected: 1 },
    },
    memoryUsed: 1024 ** 3,
  });
});

test('kernel log: faults of programs are no faults of devices, what was mended is no fault', () => {
  const at = (index: number, pciAddress: string) => ({ index, name: '', pciAddress });
  expect(
    parseKernelLog(output('dmesg/nvidia.txt'), [at(0, '0000:1b:00.0'), at(1, '0000:43:00.0')]),
  ).toMatchObject([
    { gpu: 0, isDevices: false },
    { gpu: 1, isDevices: true, line: expect.stringContaining('fallen off the bus') },
  ]);
  expect(
    parseKernelLog(output('dmesg/amd.txt'), [at(0, '0000:05:00.0'), at(1, '0000:26:00.0')]).map(
      ({ gpu, line }) => [gpu, line.slice(15)],
    ),
  ).toEqual([
    [0, expect.stringContaining('1 uncorrectable')],
    [1, expect.stringContaining('GPU reset begin')],
  ]);
});
