import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleMetric } from '../../test/sample/record.ts';
import type { Metric, Sample } from '../record/record-schema.ts';
import {
  imprecise,
  isEnough,
  isRepeated,
  medianMetrics,
  plannedCount,
  type Sampling,
  statisticsOfSamples,
} from './sampling.ts';

const sampling = (changes: Partial<Sampling> = {}): Sampling => ({
  repeat: 'auto',
  warmup: 0,
  precision: 2,
  maxRepeats: 30,
  ...changes,
});
const metric = (value: number | null, changes: Partial<Metric> = {}): Metric =>
  sampleMetric({ value, text: String(value), ...changes });
const sample = (...metrics: Metric[]): Sample => ({ metrics, duration_s: 1, status: 'SUCCESS' });
const ofValues = (...values: number[]): Sample[] => values.map((value) => sample(metric(value)));

test('a fixed number is enough when it is reached', () => {
  expect(isEnough(ofValues(1, 9), sampling({ repeat: 3 }))).toBe(false);
  expect(isEnough(ofValues(1, 9, 1), sampling({ repeat: 3 }))).toBe(true);
});

test('auto takes three at least, goes on while the interval is too wide, and ends at the limit', () => {
  expect(isEnough(ofValues(10, 10), sampling())).toBe(false);
  expect(isEnough(ofValues(10, 10, 10), sampling())).toBe(true);
  expect(isEnough(ofValues(10, 11, 10), sampling())).toBe(false);
  expect(isEnough(ofValues(10, 11, 10), sampling({ maxRepeats: 3 }))).toBe(true);
  expect(imprecise(ofValues(10, 11, 10), sampling()).map(({ name }) => name)).toEqual(['samples/sec']);
});

test('every result has to be precise, but not what only stands in a column', () => {
  const rows = (...values: number[]): Sample =>
    sample(...values.map((value, row) => metric(value, { row: String(row) })));
  expect(isEnough([rows(5, 1), rows(5, 2), rows(5, 3)], sampling())).toBe(false);
  const columns = [1, 2, 3].map((value) => sample(metric(5), metric(value, { column: 'p99' })));
  expect(isEnough(columns, sampling())).toBe(true);
  expect(statisticsOfSamples(columns)).toMatchObject([{ mean: 5 }, { column: 'p99', mean: 2, count: 3 }]);
});

test('an odd number of samples has the median as it was printed, an even one their middle', () => {
  const texts = ['12.50', '9.9', '1.3e1'].map((text) => sample(metric(Number(text), { text })));
  expect(medianMetrics(texts)).toMatchObject([{ text: '12.50', value: 12.5 }]);
  expect(medianMetrics(ofValues(0.1, 0.2))).toMatchObject([{ text: '0.15' }]);
  expect(medianMetrics(ofValues(3, 3))).toMatchObject([{ text: '3' }]);
});

test('further columns are those of the closest sample; rows of one name keep their order', () => {
  const one = (first: number, second: number): Sample =>
    sample(
      metric(first, { row: 'a', columns: { note: `n${first}` } }),
      metric(second, { row: 'a', columns: {} }),
    );
  expect(medianMetrics([one(1, 10), one(5, 30), one(2, 20)])).toMatchObject([
    { value: 2, columns: { note: 'n2' } },
    { value: 20 },
  ]);
  expect(medianMetrics([sample(metric(null, { text: 'n/a', status: 'FAILURE' }))])).toMatchObject([
    { text: 'n/a' },
  ]);
});

test('only more than one execution is repeated', () => {
  expect(isRepeated(sampling({ repeat: 1 }))).toBe(false);
  expect(isRepeated(sampling({ repeat: 1, warmup: 1 }))).toBe(true);
  expect([plannedCount(sampling()), plannedCount(sampling({ repeat: 5, warmup: 2 }))]).toEqual([null, 7]);
});

test('the text of a median is the number, and half of the samples lie on each side', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 }), (values) => {
      const [median] = medianMetrics(ofValues(...values.map((value) => value / 8)));
      const value = Number(median?.text);
      expect(value).toBe(median?.value);
      const below = values.filter((one) => one / 8 <= value).length;
      const above = values.filter((one) => one / 8 >= value).length;
      expect(Math.min(below, above) * 2).toBeGreaterThanOrEqual(values.length);
    }),
  );
});
