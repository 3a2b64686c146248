import { expect, test } from 'vitest';
import type { Metric, RunRecord } from '../../record/record-schema.ts';
import { chooseMetric, measuredOf, type Sample, sampleOf } from './samples.ts';

const metric = (name: string, value: number | null, row: string | null = null, column?: string): Metric => ({
  ...{ name, value, row, text: String(value), unit: null, direction: null, status: 'SUCCESS', columns: {} },
  ...(column === undefined ? {} : { column }),
});

const sample = (metrics: Metric[], problem?: string): Sample => ({
  ...{ run: 'r', metrics, problem, isFinal: false, imageId: null },
});

const record = (failure: Partial<NonNullable<RunRecord['failure']>> | null, more: object = {}): RunRecord =>
  ({
    ...{ run: 'r', status: failure ? 'FAILURE' : 'SUCCESS', reason: null, metrics: [], image: { id: null } },
    failure: failure && { stage: null, message: 'm', class: 'exit_code', ...failure },
    ...more,
  }) as unknown as RunRecord;

test('the only result is meant without a name; several need one: by name, by row, or by both', () => {
  const one = [sample([], 'failed'), sample([metric('x/s', 3)])];
  expect(chooseMetric(one, undefined)).toEqual({ name: 'x/s', direction: null });
  const several = [sample([metric('x/s', 3, 'a'), metric('x/s', 4, 'b'), metric('ms', 1, 'b')])];
  expect(() => chooseMetric(several, undefined)).toThrow('several results: a x/s, b x/s, b ms');
  expect(chooseMetric(several, 'a')?.name).toBe('a x/s');
  expect(chooseMetric(several, 'ms')?.name).toBe('b ms');
  expect(chooseMetric(several, 'b x/s')?.name).toBe('b x/s');
  expect(() => chooseMetric(several, 'x/s')).toThrow('several results');
  expect(() => chooseMetric(several, 'none')).toThrow('no result "none"');
  expect(chooseMetric([sample([], 'failed')], undefined)).toBeUndefined();
});

test('a failed run and one without that number are failures; some failures say all', () => {
  const wanted = { name: 'x/s', direction: null };
  const samples = [
    sample([metric('x/s', 3)]),
    sample([metric('x/s', 3)], 'check'),
    sample([metric('ms', 3)]),
  ];
  expect(measuredOf(samples, wanted)).toEqual({ values: [3], failures: 2 });
  expect(measuredOf([{ ...sample([], 'no build'), isFinal: true }], wanted).failures).toBe(2);
});

test.each([
  ['a run that a signal ended', record({ class: 'interrupted' })],
  ['an attempt that another followed', record({ class: 'device' }, { retried: true })],
  ['a full disk', record({ class: 'disk_full' })],
  ['a registry that does not answer', record({ class: 'pull' })],
])('%s says nothing of a candidate', (_, one) => {
  expect(sampleOf(one)).toBeUndefined();
});

test('what the candidate itself has wrong is kept with its words', () => {
  expect(sampleOf(record({ class: 'pull', permanent: true }))).toMatchObject({ problem: 'm', isFinal: true });
  expect(sampleOf(record({ evidence: 'Traceback' }))).toMatchObject({
    problem: 'm (Traceback)',
    isFinal: false,
  });
  const columns = record(null, { metrics: [metric('x/s', 1), metric('loss', 2, null, 'loss')] });
  expect(sampleOf(columns)?.metrics.map(({ name }) => name)).toEqual(['x/s']);
});
