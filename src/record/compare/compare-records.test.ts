import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleMetric, sampleRecord } from '../../../test/sample/record.ts';
import { newId, shortId } from '../../foundation/id.ts';
import type { RunRecord } from '../record-schema.ts';
import { type ComparedRun, compareRecords } from './compare-records.ts';

const paths = (a: ComparedRun, b: ComparedRun): string[] => compareRecords(a, b).map(({ path }) => path);

const machine = {
  os: 'Ubuntu 24.04',
  kernel: '6.8.0-45',
  architecture: 'x64',
  cpu: 'EPYC 9654',
  cpus: 192,
  memory_bytes: 2 ** 40,
  cpu_governor: 'performance',
};
const health = (clock: number): RunRecord['gpu_health'] => [
  { gpu: 0, firmware: '113-M3', before: { clock_mhz: clock, temperature_c: clock / 50 }, after: null },
];
const commands = (run: string): RunRecord['commands'] => [
  {
    title: 'start',
    argv: [
      'docker',
      'run',
      `--name=container_${shortId(run)}`,
      `--mount=source=/x/runs/${run}/workspace`,
      '--ipc=host',
    ],
  },
];

/** The same job once more: with other ids, times and places. */
function again(changes: Partial<RunRecord> = {}): { record: RunRecord } {
  const run = newId();
  const record = sampleRecord({
    run,
    started_at: new Date().toISOString(),
    durations: { total_s: Math.random(), pull_s: 1, stages_s: 2 },
    machine,
    gpu_health: health(2100),
    environment: { hash: 'same', mode: 'lite', path: `environment/${run}` },
    commands: commands(run),
    ...changes,
  });
  return { record };
}

test('the same job once more differs in nothing', () => {
  expect(compareRecords(again(), again())).toEqual([]);
  const clocks = again({ gpu_health: health(2110) });
  expect(compareRecords(again(), clocks)).toEqual([]);
});

test('the most telling things come first, what came of it last', () => {
  const other = again({
    metrics: [sampleMetric({ value: 100 })],
    status: 'FAILURE',
    environment: { hash: 'other', mode: 'lite', path: 'x' },
    gpu_health: health(1500),
    machine: { ...machine, kernel: '6.11.0', memory_bytes: 2 ** 39 },
    gpu: { vendor: 'AMD', architecture: 'gfx90a', count: 8, driver: '6.10.5', product: 'MI250X' },
    model: { ...sampleRecord().model, args: '--steps 3' },
    git_commit: 'fedcba',
    package: { digest: null, commit: 'abcdef', dirty: true },
    image: { ...sampleRecord().image, id: 'sha256:8901', digest: 'sha256:2345' },
    engine: { kind: 'docker', version: '28.0.0' },
  });
  const found = compareRecords(again({ git_commit: 'abcdef' }), other);
  expect(found.map(({ path }) => path)).toEqual([
    'image.digest',
    'image.id',
    'package.commit',
    'package.dirty',
    'git_commit',
    'model.args',
    'gpu.driver',
    'gpu.product',
    'machine.kernel',
    'gpu_health.0.before.clock_mhz',
    'environment.hash',
    'machine.memory_bytes',
    'engine.version',
    'metrics.samples/sec',
    'status',
  ]);
  expect(found[4]).toEqual({ path: 'git_commit', group: 'model commit', a: 'abcdef', b: 'fedcba' });
  expect(found[0]).toMatchObject({ a: undefined, b: 'sha256:2345' });
});

test('contexts are compared by their values, or by hash where one of them is not at hand', () => {
  const [a, b] = [again({ context: 'one' }), again({ context: 'two' })];
  const withValues = (run: ComparedRun, batch: string) => ({
    ...run,
    context: { docker_env_vars: { BATCH: batch }, guest_os: 'UBUNTU' },
  });
  expect(paths(withValues(a, '1'), withValues(b, '2'))).toEqual(['context.docker_env_vars.BATCH']);
  expect(paths(withValues(a, '1'), withValues(b, '1'))).toEqual([]);
  expect(paths(withValues(a, '1'), b)).toEqual(['context']);
});

test('one image from two registries is the same image', () => {
  const { image } = sampleRecord();
  const pushed = again({ image: { ...image, registry_image: 'r/x:1', digest: 'sha256:9' } });
  expect(paths(again(), pushed)).toEqual([]);
});

test('command lines differ where they say something else, not where they name the run', () => {
  const run = newId();
  const other = again({
    run,
    commands: [{ title: 'start', argv: [...(commands(run)?.[0]?.argv ?? []), '-x'] }],
  });
  expect(paths(again(), other)).toEqual(['commands.start']);
});

test('whatever records hold, none differs from itself, and both sides tell the same places', () => {
  const text = fc.constantFrom('a', 'b', null);
  const change = fc.record({ git_commit: text, host_facts: text, context: text, build_number: fc.string() });
  fc.assert(
    fc.property(change, change, (one, other) => {
      const [a, b] = [{ record: sampleRecord(one) }, { record: sampleRecord(other) }];
      expect(compareRecords(a, a)).toEqual([]);
      expect(paths(a, b)).toEqual(paths(b, a));
    }),
  );
});
