import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleMetric, sampleRecord } from '../../../test/sample/record.ts';
import { newId } from '../../foundation/id.ts';
import type { RunRecord } from '../record-schema.ts';
import { compareCampaigns, metricChanges } from './compare-campaigns.ts';
import type { ComparedRun } from './compare-records.ts';

const model = (name: string, args = ''): RunRecord['model'] => ({ name, args, tags: [], card: { name } });

const runOf = (
  name: string,
  value: number,
  changes: Partial<RunRecord> = {},
  rest: Partial<ComparedRun> = {},
): ComparedRun => ({
  record: sampleRecord({
    run: newId(),
    job: `${name} @ci-${name}`,
    model: model(name),
    metrics: [sampleMetric({ value, text: String(value), direction: 'higher' })],
    ...changes,
  }),
  ...rest,
});

test('jobs are matched by model and image, and each metric says whether it became better', () => {
  const a = [runOf('one', 100), runOf('two', 10), runOf('gone', 1)];
  const b = [runOf('two', 5), runOf('one', 110), runOf('new', 1)];
  const { jobs, only_a, only_b } = compareCampaigns(a, b);
  expect(jobs.map(({ model, metrics }) => [model, metrics[0]?.change_percent, metrics[0]?.verdict])).toEqual([
    ['one', 10, 'better'],
    ['two', -50, 'worse'],
  ]);
  expect(only_a.map(({ model }) => model.name)).toEqual(['gone']);
  expect(only_b.map(({ model }) => model.name)).toEqual(['new']);
});

test('the same model in another image is matched where no image is the same', () => {
  const { jobs } = compareCampaigns([runOf('one', 1)], [runOf('one', 1, { job: 'one @ci-one.other' })]);
  expect(jobs).toHaveLength(1);
});

test('of several attempts at a job the last one counts', () => {
  const b = [runOf('one', 3, { attempt: 2 }), runOf('one', 1, { attempt: 1, status: 'FAILURE' })];
  expect(compareCampaigns([runOf('one', 3)], b).jobs[0]?.metrics[0]?.verdict).toBe('same');
});

test('what differs in all jobs alike is told once', () => {
  const kernel = { machine: { os: '', kernel: 'new', architecture: '', cpu: '', cpus: 1, memory_bytes: 1 } };
  const old = { machine: { ...kernel.machine, kernel: 'old' } };
  const a = [runOf('one', 1, old), runOf('two', 1, { ...old, git_commit: 'a' })];
  const b = [runOf('one', 1, kernel), runOf('two', 1, { ...kernel, git_commit: 'b' })];
  const { common, jobs } = compareCampaigns(a, b);
  expect(common.map(({ path }) => path)).toEqual(['machine.kernel']);
  expect(jobs.map(({ differences }) => differences.map(({ path }) => path))).toEqual([[], ['git_commit']]);
});

test('facts of the host that no record has are compared, too', () => {
  const host = (nodes: number): Partial<ComparedRun> => ({ host: { kernel: 'x', numa_nodes: nodes } });
  const [job] = compareCampaigns([runOf('one', 1, {}, host(1))], [runOf('one', 1, {}, host(2))]).jobs;
  expect(job?.differences.map(({ path }) => path)).toEqual(['host.numa_nodes']);
});

test('a metric that one side lacks has no change', () => {
  const [change] = metricChanges([sampleMetric({ name: 'a', value: 1 })], []);
  expect(change).toMatchObject({ a: 1, b: null, change_percent: null, verdict: null });
});

test('rows of one name in one file are compared in their order', () => {
  const rows = (...values: number[]) =>
    values.map((value) => sampleMetric({ name: 'tokens/s', row: 'llama', value, direction: 'higher' }));
  const changes = metricChanges(rows(10, 20, 40), rows(11, 20));
  expect(changes.map(({ a, b, verdict }) => [a, b, verdict])).toEqual([
    [10, 11, 'better'],
    [20, 20, 'same'],
    [40, null, null],
  ]);
});

test('compared the other way round, better is worse', () => {
  const value = fc.float({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(value, value, fc.constantFrom('higher', 'lower', null), (one, other, direction) => {
      const metric = (value: number): ReturnType<typeof sampleMetric> => sampleMetric({ value, direction });
      const [there] = metricChanges([metric(one)], [metric(other)]);
      const [back] = metricChanges([metric(other)], [metric(one)]);
      const opposite = { better: 'worse', worse: 'better', same: 'same' } as const;
      if (there?.verdict && back?.verdict) expect(back.verdict).toBe(opposite[there.verdict]);
    }),
  );
});
