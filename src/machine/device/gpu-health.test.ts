import { expect, test } from 'vitest';
import {
  compareHealth,
  type GpuReading,
  type HealthReading,
  type KernelError,
  warningsBefore,
} from './gpu-health.ts';

const reading = (gpu: GpuReading, kernelErrors: KernelError[] = []): HealthReading => ({
  gpus: new Map([[0, gpu]]),
  kernelErrors,
  unanswered: [],
});

test('a counter that rises is a broken device, with the counter as evidence', () => {
  const before = reading({ counters: { ras_umc_uncorrected: 1 } });
  const after = reading({ counters: { ras_umc_uncorrected: 2 } });
  expect(compareHealth(before, after)).toEqual({
    broken: [
      {
        gpu: 0,
        message: 'GPU 0: ras umc uncorrected rose from 1 to 2 during the run',
        evidence: 'ras_umc_uncorrected 1 -> 2',
      },
    ],
    warnings: [],
  });
});

test('errors that the hardware corrected are a warning', () => {
  const verdict = compareHealth(
    reading({ counters: { ecc_corrected: 0, ras_umc_corrected: 7 } }),
    reading({ counters: { ecc_corrected: 3, ras_umc_corrected: 7 } }),
  );
  expect(verdict).toMatchObject({ broken: [], warnings: [expect.stringContaining('from 0 to 3')] });
});

test('errors that a program made on a GPU of Intel are a warning', () => {
  const verdict = compareHealth(
    reading({ counters: { ras_programming_errors: 0 } }),
    reading({ counters: { ras_programming_errors: 2 } }),
  );
  expect(verdict).toMatchObject({ broken: [], warnings: [expect.stringContaining('from 0 to 2')] });
});

test('a counter that is new, fell or stayed says nothing', () => {
  const before = reading({ counters: { a: 5, b: 1 } });
  expect(compareHealth(before, reading({ counters: { a: 0, b: 1, c: 9 } }))).toEqual({
    broken: [],
    warnings: [],
  });
});

test('only new lines of the kernel count, and faults of programs are warnings', () => {
  const old = { gpu: 0, line: 'old', isDevices: true };
  const verdict = compareHealth(
    reading({}, [old]),
    reading({}, [
      old,
      { gpu: 0, line: 'Xid 79', isDevices: true },
      { gpu: 0, line: 'Xid 31', isDevices: false },
    ]),
  );
  expect(verdict.broken).toMatchObject([{ gpu: 0, evidence: 'Xid 79' }]);
  expect(verdict.warnings).toEqual([expect.stringContaining('Xid 31')]);
});

test('a log that could be read only after the run says nothing of the run', () => {
  const before: HealthReading = { gpus: new Map(), kernelErrors: undefined, unanswered: [] };
  const after = reading({}, [{ gpu: 0, line: 'Xid 79', isDevices: true }]);
  expect(compareHealth(before, after)).toEqual({ broken: [], warnings: [] });
  expect(compareHealth(after, { ...before, gpus: after.gpus })).toEqual({ broken: [], warnings: [] });
});

test('a GPU that answered before the run and does not any more is broken', () => {
  const both: HealthReading = {
    gpus: new Map([
      [0, {}],
      [1, {}],
    ]),
    kernelErrors: [],
    unanswered: [],
  };
  const silent: HealthReading = { gpus: new Map(), kernelErrors: [], unanswered: [] };
  expect(compareHealth(both, reading({})).broken).toMatchObject([{ gpu: 1 }]);
  expect(compareHealth(both, silent).broken).toHaveLength(2);
  expect(compareHealth(silent, silent).broken).toEqual([]);
});

test('a busy, full or throttled GPU is told before the run', () => {
  const gib = 1024 ** 3;
  expect(warningsBefore(reading({ processes: [{ pid: 7, name: 'python3' }] }))).toEqual([
    'GPU 0 was busy before the run: python3 (7)',
  ]);
  expect(warningsBefore(reading({ memory_total_bytes: 80 * gib, memory_free_bytes: 60 * gib }))).toEqual([
    'GPU 0 had 20.0 of 80.0 GiB in use before the run',
  ]);
  expect(warningsBefore(reading({ throttled: ['power brake'] }))).toEqual([
    'GPU 0 was throttled before the run: power brake',
  ]);
  expect(warningsBefore(reading({ throttled: [], processes: [], utilisation_percent: 0 }))).toEqual([]);
});

test.each<[string, GpuReading, string[]]>([
  ['a Radeon that says so at 37 °C', { throttled: ['throttled'], temperature_c: 37 }, []],
  ['one that is hot as well', { throttled: ['throttled'], temperature_c: 104 }, ['throttled']],
  ['a power limit', { throttled: ['power cap'] }, []],
  ['limits of Intel', { throttled: ['pl1', 'ratl'] }, ['ratl']],
  [
    'heat and brakes',
    { throttled: ['thermal slowdown', 'power cap', 'power brake'] },
    ['thermal slowdown', 'power brake'],
  ],
])('of an idle GPU, only heat and the brakes of its board are throttling: %s', (_, now, counted) => {
  const told = counted.length === 0 ? [] : [`GPU 0 was throttled before the run: ${counted.join(', ')}`];
  expect(warningsBefore(reading({ ...now, utilisation_percent: 3 }))).toEqual(told);
  expect(warningsBefore(reading({ ...now, utilisation_percent: 60 }))).toEqual([
    `GPU 0 was throttled before the run: ${now.throttled?.join(', ')}`,
    'GPU 0 was busy before the run: 60 % in use',
  ]);
});

test('a GPU whose tool hung after the run was not looked at, which is no fault of the GPU', () => {
  const gone = { gpus: new Map(), kernelErrors: [], unanswered: ['/usr/bin/nvidia-smi'] };
  expect(compareHealth(reading({ counters: { ecc_uncorrected: 0 } }), gone)).toEqual({
    broken: [],
    warnings: [],
  });
});
