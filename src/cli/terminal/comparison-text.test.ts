import { expect, test } from 'vitest';
import { sampleMetric, sampleRecord } from '../../../test/sample/record.ts';
import { type Comparison, compareRuns } from '../../record/compare/compare-campaigns.ts';
import { coloursFor } from './colours.ts';
import { comparisonLines } from './comparison-text.ts';

const style = { width: undefined, colours: coloursFor(false) };

const comparisonOf = (parts: Partial<Comparison>): Comparison => ({
  jobs: [],
  common: [],
  only_a: [],
  only_b: [],
  ...parts,
});

test('a job shows its metrics, then its differences, of long lists only what differs', () => {
  const metrics = (value: number): object => ({ metrics: [sampleMetric({ value, direction: 'lower' })] });
  const command = (...argv: string[]): object => ({ commands: [{ title: 'start', argv }] });
  const job = compareRuns(
    { record: sampleRecord({ ...metrics(4), ...command('docker', 'run', '--ipc=host') }) },
    { record: sampleRecord({ ...metrics(5), ...command('docker', 'run', '--ipc=none') }) },
  );
  const text = comparisonLines(comparisonOf({ jobs: [job] }), style).join('\n');
  expect(text).toMatch(/metric +\S+ +4 +5 +\+25 % \(worse\)/);
  expect(text).toMatch(/commands +commands\.start +--ipc=host +--ipc=none/);
});

test('many differences of one kind are counted, and control characters never reach the terminal', () => {
  const common = Array.from({ length: 20 }, (_, index) => ({
    path: `context.k${index}\u001b[2J`,
    group: 'context' as const,
    a: 1,
    b: undefined,
  }));
  const lines = comparisonLines(comparisonOf({ common, only_a: [sampleRecord({})] }), style);
  expect(lines.join('\n')).toContain('and 12 more: see --json');
  expect(lines.join('\n')).not.toContain('\u001b');
  expect(lines.some((line) => line.startsWith('Only in A: '))).toBe(true);
  expect(lines.at(-1)).toBe('No job is in both of them; the ids of two runs compare those.');
});

test('two runs that are the same say so', () => {
  const record = sampleRecord({});
  const lines = comparisonLines(comparisonOf({ jobs: [compareRuns({ record }, { record })] }), style);
  expect(lines.at(-1)).toBe('Nothing differs.');
});
