import { expect, test } from 'vitest';
import { bisectSchema } from '../../record/campaign/bisect-schema.ts';
import type { Metric } from '../../record/record-schema.ts';
import { decide, type Rules } from './decide.ts';
import { bisectLog, bisectText } from './log.ts';
import { measuredOf, type Sample } from './samples.ts';

const metric = { name: 'samples/s', direction: null };
const candidates = ['a:1', 'a:2', 'a:3', 'a:4'].map((id) => ({ id, label: id }));

const good = (value: number): Sample => {
  const one: Metric = {
    ...{ name: 'samples/s', value, text: String(value), unit: null, direction: null, row: null },
    ...{ status: 'SUCCESS', columns: {} },
  };
  return { run: `run-${value}`, metrics: [one], problem: undefined, isFinal: false, imageId: null };
};
const failed: Sample = { run: 'f', metrics: [], problem: 'exit code 7', isFinal: false, imageId: null };

function logOf(values: readonly (readonly (number | undefined)[])[], more: Partial<Rules> = {}) {
  const samples = values.map((own) => own.map((value) => (value === undefined ? failed : good(value))));
  const rules = { most: 30, direction: undefined, minDifference: 0, ...more };
  const decision = decide(
    samples.map((own) => measuredOf(own, metric)),
    rules,
  );
  const known = { campaign: 'c', over: 'images' as const, model: 'dummy', metric, direction: undefined };
  const log = bisectLog({ ...known, candidates, samples, decision });
  expect(bisectSchema.parse(log)).toEqual(log);
  return log;
}

const [fast, slow] = [
  [100, 101, 99, 100.5, 99.5],
  [94, 95, 93, 94.5, 93.5],
] as const;

test('the log says of each step what was measured, what it was compared to, and why', () => {
  const log = logOf([fast, [undefined, undefined], [94.2, 93.8, 94], slow]);
  expect(bisectText(log)).toBe(`# Bisect of dummy over 4 images

From a:1 (good) to a:4 (bad); metric: samples/s; campaign c.

**among**: the first bad one is among a:2, a:3: all but the last could not be measured

Mend what keeps them from being measured, or look at their changes together.

## Steps

1. Both ends: good 100 ± 0.98 (5 samples), bad 94 ± 0.98 (5 samples): a difference of -6 ± 2.9 (-6 %)
2. a:2 is passed over: could not be measured: exit code 7
3. a:3 is bad: 94 ± 0.5 (3 samples) is 910000 times likelier to be like the bad side, 94 ± 0.98 (5 samples), than like the good one, 100 ± 0.98 (5 samples)

## Samples

- a:1: 100, 101, 99, 100.5, 99.5
- a:2: (exit code 7), (exit code 7)
- a:3: 94.2, 93.8, 94
- a:4: 94, 95, 93, 94.5, 93.5
`);
});

test.each([
  ['found', [fast, fast, [94, 95, 93], slow], {}, 'the first bad one is a:3; the last good one is a:2'],
  ['alike', [fast, [], [], fast], { most: 5 }, 'may be no more than noise'],
  ['too_close', [fast, [], [], slow], { minDifference: 0.1 }, 'less than was asked for'],
  ['better', [slow, [], [], fast], { direction: 'higher' }, 'nothing got worse'],
  ['unmeasurable', [fast, [], [], [undefined, undefined]], {}, 'the bad end: exit code 7'],
] as const)('what comes of it is said in words: %s', (verdict, values, more, words) => {
  const { result } = logOf(values, more);
  expect(result?.verdict).toBe(verdict);
  expect(result?.message).toContain(words);
});

test('a doubt stands beside the result', () => {
  const { result, steps } = logOf(
    [fast, [100], [97, 97.1, 96.9], slow].map((own, at) => (at === 1 ? fast : own)),
    {
      most: 3,
    },
  );
  expect(steps.at(-1)).toMatchObject({ clear: false, why: expect.stringContaining('which may be wrong') });
  expect(result?.hint).toContain('Not sure: a:3');
});

test('while it goes on there is no result', () => {
  const log = logOf([fast, [], [], slow]);
  expect([log.result, log.ends?.verdict]).toEqual([null, 'differ']);
  expect(bisectText(log)).toContain('It goes on.');
});
