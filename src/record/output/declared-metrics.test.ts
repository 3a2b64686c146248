import { expect, test } from 'vitest';
import { sampleMetric } from '../../../test/sample/record.ts';
import type { MetricRule } from '../../package/result-rules.ts';
import { declaredMetrics } from './declared-metrics.ts';
import type { PatternFindings } from './pattern-scan.ts';

const findings = (lines: Record<string, string> = {}, tooSlow: string[] = []): PatternFindings => ({
  matches: new Map(
    Object.entries(lines).map(([pattern, group]) => [pattern, { line: `line of ${group}`, group }]),
  ),
  tooSlow,
});
const apply = (rules: MetricRule[], metrics = [sampleMetric()], found = findings()) =>
  declaredMetrics({ metrics, problem: undefined }, rules, found);

test('unit and direction are those of the metric of that name', () => {
  const { metrics, problem } = apply([{ name: 'samples/sec', unit: 'samples/s', direction: 'higher' }]);
  expect(problem).toBeUndefined();
  expect(metrics).toEqual([sampleMetric({ unit: 'samples/s', direction: 'higher' })]);
});

test('a pattern adds a metric, with its number as printed', () => {
  const rule: MetricRule = { name: 'loss', pattern: 'loss=(.*)', direction: 'lower' };
  const { metrics, problem } = apply([rule], [], findings({ 'loss=(.*)': '1.50E-2' }));
  expect(metrics).toMatchObject([
    { name: 'loss', value: 0.015, text: '1.50E-2', direction: 'lower', row: null },
  ]);
  expect(problem).toBeUndefined();
});

test.each([
  ['no line of the output matches', findings()],
  ['no number', findings({ p: 'nan' })],
  ['took too long', findings({}, ['p'])],
])('a declared metric that is not there is a problem: %s', (words, found) => {
  const { metrics, problem } = apply([{ name: 'loss', pattern: 'p' }], [sampleMetric()], found);
  expect(problem?.message).toMatch(/^metric loss: /);
  expect(problem?.message).toContain(words);
  expect(metrics.map(({ name, status, text }) => [name, status, text])).toEqual([
    ['samples/sec', 'SUCCESS', '14164.5'],
    ['loss', 'FAILURE', ''],
  ]);
});

test('a declared name that no result has is a problem, and a metric without a number', () => {
  const { metrics, problem } = apply([{ name: 'loss', unit: 'nat' }]);
  expect(problem?.message).toBe('metric loss: no result has that name');
  expect(metrics[1]).toMatchObject({ name: 'loss', unit: 'nat', value: null, status: 'FAILURE', row: null });
});

test('without any result, what is missing adds none: the run is one row', () => {
  expect(apply([{ name: 'loss' }, { name: 'x', pattern: 'p' }], []).metrics).toEqual([]);
});

test('a column makes a metric of each row, and a row without a number there is no good one', () => {
  const rows = [
    sampleMetric({ row: 'a', columns: { p99: '7' } }),
    sampleMetric({ row: 'b', columns: { p99: 'n/a' } }),
    sampleMetric({ row: 'c' }),
  ];
  const { metrics } = apply([{ name: 'latency', column: 'p99', unit: 'ms' }], rows);
  expect(metrics.map(({ name, row, value, status, column }) => [name, row, value, status, column])).toEqual([
    ['samples/sec', 'a', 14164.5, 'SUCCESS', undefined],
    ['latency', 'a', 7, 'SUCCESS', 'p99'],
    ['samples/sec', 'b', 14164.5, 'FAILURE', undefined],
    ['latency', 'b', null, 'FAILURE', 'p99'],
    ['samples/sec', 'c', 14164.5, 'FAILURE', undefined],
    ['latency', 'c', null, 'FAILURE', 'p99'],
  ]);
});

test('what was wrong before stays wrong', () => {
  const problem = { message: 'r.csv: has no rows' };
  const found = findings({ p: '1' });
  expect(declaredMetrics({ metrics: [], problem }, [{ name: 'x', pattern: 'p' }], found).problem).toEqual(
    problem,
  );
});
