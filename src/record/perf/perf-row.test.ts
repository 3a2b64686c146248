import { expect, test } from 'vitest';
import { sampleMetric, sampleRecord } from '../../../test/sample/record.ts';
import type { Metric } from '../record-schema.ts';
import { perfColumns, perfRows, referenceColumns } from './perf-row.ts';

test('the columns are those of the reference in its order, ours behind', () => {
  expect(referenceColumns).toHaveLength(25);
  expect(Object.keys(perfRows(sampleRecord())[0] ?? {})).toEqual(perfColumns);
});

test('a good run has one row with the performance as the model printed it', () => {
  const record = sampleRecord({ metrics: [sampleMetric({ text: '1.50E+3', value: 1500 })] });
  expect(perfRows(record)).toEqual([
    expect.objectContaining({
      model: 'dummy',
      n_gpus: '-1',
      tags: 'dummy,small',
      performance: '1.50E+3',
      metric: 'samples/sec',
      status: 'SUCCESS',
      build_duration: '12.346',
      test_duration: '9.5',
      machine_name: 'node1',
      run_id: record.run,
      campaign_id: record.campaign,
      failure_class: '',
      reason: '',
    }),
  ]);
});

test('an attempt that another one followed has no row', () => {
  expect(perfRows(sampleRecord({ status: 'FAILURE', retried: true }))).toEqual([]);
});

test('a failed run without a metric has a row with its class and reason', () => {
  const failure = { class: 'timeout', stage: 'run', message: 'no end within 60 s' } as const;
  const record = sampleRecord({ status: 'FAILURE', metrics: [], failure });
  expect(perfRows(record)).toMatchObject([
    {
      performance: '',
      metric: '',
      status: 'FAILURE',
      failure_class: 'timeout',
      reason: 'no end within 60 s',
    },
  ]);
});

test('the launcher and the nodes of a run stand in its row', () => {
  const launch = { launcher: 'mpirun', nnodes: 2, node_rank: 1, nproc_per_node: 4 };
  const record = sampleRecord({ metrics: [], reason: 'another node has them', launch });
  expect(perfRows(record)).toMatchObject([
    { launcher: 'mpirun', nnodes: '2', status: 'SUCCESS', performance: '', reason: 'another node has them' },
  ]);
});

test('a skipped model that was never placed has a row with the reason', () => {
  const record = sampleRecord({
    status: 'SKIPPED',
    reason: 'is deprecated',
    metrics: [],
    placement: null,
    gpu: null,
    durations: { total_s: 0, pull_s: null, stages_s: null },
  });
  expect(perfRows(record)).toMatchObject([
    { status: 'SKIPPED', reason: 'is deprecated', machine_name: '', test_duration: '', failure_class: '' },
  ]);
});

const twoRows = [
  sampleMetric({ row: 'bert', columns: { batch: '32' } }),
  sampleMetric({ row: 'gpt', status: 'FAILURE', text: '', value: null, columns: { latency_ms: '7' } }),
];

test('no row of a failed run is good unless another one shows the failure', () => {
  const failure = { class: 'missing_metric', stage: 'run', message: 'metric loss: …' } as const;
  const statuses = (metrics: Metric[]): unknown[] =>
    perfRows(sampleRecord({ status: 'FAILURE', failure, metrics })).map(({ status }) => status);
  expect(statuses([sampleMetric()])).toEqual(['FAILURE']);
  const loss = sampleMetric({ name: 'loss', text: '', value: null, status: 'FAILURE' });
  expect(statuses([sampleMetric(), loss])).toEqual(['SUCCESS', 'FAILURE']);
});

test('each row of several results has its own name, status and further columns', () => {
  const failure = { class: 'missing_metric', stage: null, message: 'row gpt has no performance' } as const;
  expect(perfRows(sampleRecord({ status: 'FAILURE', failure, metrics: twoRows }))).toMatchObject([
    { model: 'dummy_bert', status: 'SUCCESS', batch: '32', failure_class: '', reason: '' },
    { model: 'dummy_gpt', status: 'FAILURE', latency_ms: '7', failure_class: 'missing_metric' },
  ]);
});

test('a run that failed for another reason has no good row', () => {
  const failure = { class: 'exit_code', stage: 'run', message: 'exit code 1' } as const;
  const rows = perfRows(sampleRecord({ status: 'FAILURE', failure, metrics: twoRows }));
  expect(rows.map((row) => row.status)).toEqual(['FAILURE', 'FAILURE']);
});

test("a model's own columns fill what is empty, and never take the place of what we know", () => {
  const columns = JSON.parse(
    '{"run_id":"x","run_id ":"x","\\u001bmodel":"x","status":"SUCCESS","dataname":"imagenet","failure_class":"x","":"x","__proto__":"y"}',
  );
  const record = sampleRecord({ metrics: [sampleMetric({ row: 'a', columns })] });
  const [row] = perfRows(record);
  expect(row).toMatchObject({
    run_id: record.run,
    model: 'dummy_a',
    dataname: 'imagenet',
    failure_class: '',
  });
  expect(Object.keys(row ?? {})).toEqual([...perfColumns, '__proto__']);
});

test('a column of a result file that the card made a metric has no row of its own', () => {
  const metrics = [sampleMetric({ row: 'a' }), sampleMetric({ row: 'a', name: 'latency', column: 'p99' })];
  expect(perfRows(sampleRecord({ metrics }))).toMatchObject([{ model: 'dummy_a', metric: 'samples/sec' }]);
});

test.each([
  ['12.5', '12.5'],
  ['soon', '9.5'],
  ['', '9.5'],
])('a test_duration of %j in a row of results makes it %s', (test_duration, expected) => {
  const metrics = [sampleMetric({ row: 'a', columns: { test_duration } })];
  expect(perfRows(sampleRecord({ metrics }))[0]?.test_duration).toBe(expected);
});

test("the reference's later columns say how many nodes and GPUs it had, where and by what it was started", () => {
  const distributed = { launcher: 'torchrun' };
  const [row] = perfRows(
    sampleRecord({
      model: { ...sampleRecord().model, card: { name: 'dummy', extra: { distributed } } },
      placement: { host: 'node1', target: 'local', gpus: [0, 1] },
    }),
  );
  expect(row).toMatchObject({
    nnodes: '1',
    gpus_per_node: '2',
    deployment_type: 'local',
    launcher: 'torchrun',
  });
  expect(perfRows(sampleRecord({ placement: null, engine: null }))).toMatchObject([
    { nnodes: '', gpus_per_node: '', deployment_type: '', launcher: '' },
  ]);
});

test('a failure that is known says so in its reason', () => {
  const failure = { class: 'timeout', stage: 'run', message: 'no end within 60 s' } as const;
  const record = sampleRecord({
    status: 'FAILURE',
    metrics: [],
    failure,
    known: true,
    known_reason: 'bug 12',
  });
  expect(perfRows(record)[0]?.reason).toBe('known failure (bug 12): no end within 60 s');
});
