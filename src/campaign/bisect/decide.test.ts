import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Decision, decide, type Measured, mostFailures, type Rules } from './decide.ts';

const rules: Rules = { most: 30, direction: undefined, minDifference: 0 };

/** Mulberry32: a small generator that starts anywhere. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A metric of `level` with noise that is a part of it (Box and Muller). */
function noisy(level: number, noise: number, random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return level * (1 + noise * normal);
}

interface Simulated {
  decision: Decision;
  samples: number;
}

/** `sample` gives undefined for an execution that fails. */
function simulate(count: number, sample: (at: number) => number | undefined, own: Rules = rules): Simulated {
  const series: { values: number[]; failures: number }[] = Array.from({ length: count }, () => ({
    values: [],
    failures: 0,
  }));
  for (let samples = 0; ; samples++) {
    const decision = decide(series, own);
    if (decision.kind !== 'measure') return { decision, samples };
    const one = series[decision.at];
    const value = sample(decision.at);
    if (value === undefined) one && one.failures++;
    else one?.values.push(value);
  }
}

const firstOf = ({ decision }: Simulated): number | undefined =>
  decision.kind === 'found' ? decision.first : undefined;

test('a planted slow-down of 6 % among 32 images with 3 % of noise is found in at least 19 of 20 tries', () => {
  const tries = Array.from({ length: 20 }, (_, seed) => {
    const random = randomOf(seed);
    const first = 1 + Math.floor(random() * 31);
    const run = simulate(32, (at) => noisy(at < first ? 100 : 94, 0.03, random));
    return { right: firstOf(run) === first, samples: run.samples };
  });
  expect(tries.filter(({ right }) => right).length).toBeGreaterThanOrEqual(19);
  const mean = tries.reduce((sum, { samples }) => sum + samples, 0) / tries.length;
  expect(mean).toBeLessThan(70);
});

test('over many tries the wrong ones stay as rare as is promised', () => {
  const random = randomOf(7);
  const runs = Array.from({ length: 1000 }, () => {
    const first = 1 + Math.floor(random() * 31);
    return firstOf(simulate(32, (at) => noisy(at < first ? 100 : 94, 0.03, random))) === first;
  });
  expect(runs.filter((right) => !right).length).toBeLessThanOrEqual(30);
});

test('among equal candidates there is nothing to find, and no more than the limit is measured', () => {
  const random = randomOf(3);
  const flat = Array.from({ length: 200 }, () => simulate(32, () => noisy(100, 0.03, random)));
  const alike = flat.filter(({ decision }) => decision.kind === 'ends' && decision.ends?.verdict === 'alike');
  expect(alike.length).toBeGreaterThanOrEqual(196);
  expect(Math.max(...flat.map(({ samples }) => samples))).toBeLessThanOrEqual(60 + 31 * 30);
  const silent = simulate(32, () => 5);
  expect(silent).toMatchObject({ samples: 10, decision: { kind: 'ends', ends: { verdict: 'alike' } } });
});

test('of two changes one is found, also where the middle is unlike both ends', () => {
  const random = randomOf(11);
  const samples: number[] = [];
  for (let round = 0; round < 50; round++) {
    const level = (at: number): number => (at < 9 ? 100 : at < 22 ? 97 : 94);
    const run = simulate(32, (at) => noisy(level(at), 0.002, random));
    expect([9, 22]).toContain(firstOf(run));
    samples.push(run.samples);
    const [first, second] = run.decision.steps;
    if (!first || !second) throw new Error('fewer steps');
    expect([first.isClear, second.sides[first.verdict as 'good']]).toEqual([false, first.values]);
  }
  // The middle is undecided once at most: from then on it is one of the sides.
  expect(Math.max(...samples)).toBeLessThanOrEqual(10 + 30 + 4 * 3 + 8);
});

test('a metric without noise needs the fewest samples', () => {
  const run = simulate(8, (at) => (at < 5 ? 100 : 94));
  expect(firstOf(run)).toBe(5);
  expect(run.samples).toBe(10 + 3 * 3);
});

test('what cannot be measured is passed over for a neighbour', () => {
  const broken = new Set([7, 8]);
  const run = simulate(16, (at) => (broken.has(at) ? undefined : at < 10 ? 100 : 94));
  expect(firstOf(run)).toBe(10);
  expect(run.decision.steps.filter(({ verdict }) => verdict === 'skipped').map(({ at }) => at)).toEqual([
    7, 8,
  ]);
});

test('where all that is left cannot be measured, those that may be the first are named', () => {
  const run = simulate(16, (at) => (at >= 8 && at <= 10 ? undefined : at < 9 ? 100 : 94));
  expect(run.decision).toMatchObject({ kind: 'among', from: 8, to: 11 });
});

test('an end that fails twice ends it; one that fails once does not', () => {
  const fails = simulate(4, (at) => (at === 3 ? undefined : 100));
  expect(fails.decision).toMatchObject({ kind: 'ends', ends: { verdict: 'unmeasurable', failed: ['bad'] } });
  let failures = 0;
  const once = simulate(4, (at) => (at === 0 && failures++ === 0 ? undefined : at < 2 ? 100 : 94));
  expect(firstOf(once)).toBe(2);
});

test('with a direction, a bad end that is better is no slow-down', () => {
  const latency = (at: number): number => (at < 2 ? 100 : 94);
  const verdict = (direction: Rules['direction']): string | undefined => {
    const { decision } = simulate(4, latency, { ...rules, direction });
    return decision.kind === 'found' ? 'found' : decision.ends?.verdict;
  };
  expect([verdict('lower'), verdict('higher'), verdict(undefined)]).toEqual(['better', 'found', 'found']);
});

test('ends that differ by less than is asked for are too close', () => {
  const random = randomOf(5);
  const run = simulate(8, (at) => noisy(at < 4 ? 100 : 99, 0.002, random), { ...rules, minDifference: 0.03 });
  expect(run.decision).toMatchObject({ kind: 'ends', ends: { verdict: 'too close' } });
  expect(run.samples).toBeLessThan(20);
});

test('what stays undecided is taken for the likelier, and that is told', () => {
  const run = simulate(3, (at) => [100, 97.02, 94][at], { ...rules, most: 6 });
  expect(run.decision).toMatchObject({
    kind: 'found',
    first: 2,
    steps: [{ verdict: 'good', isClear: false }],
  });
});

test('whatever is measured, it ends, and no candidate is measured beyond the limit', () => {
  const value = fc.oneof(
    fc.constant(undefined),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }),
    fc.constantFrom(0, 1, 100),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 12 }),
      fc.integer({ min: 1, max: 9 }),
      fc.array(value, { minLength: 1, maxLength: 60 }),
      (count, most, values) => {
        const taken = new Map<number, number>();
        let next = 0;
        const run = simulate(
          count,
          (at) => {
            taken.set(at, (taken.get(at) ?? 0) + 1);
            return values[next++ % values.length];
          },
          { ...rules, most },
        );
        expect(Math.max(...taken.values())).toBeLessThanOrEqual(Math.max(most, 5) + mostFailures);
        if (run.decision.kind === 'found') expect(run.decision.first).toBeGreaterThan(0);
      },
    ),
  );
});

test('the same samples lead to the same decision, in whatever order of candidates they came', () => {
  const random = randomOf(1);
  const series: Measured[] = Array.from({ length: 9 }, (_, at) => ({
    values: Array.from({ length: 30 }, () => noisy(at < 6 ? 100 : 90, 0.03, random)),
    failures: 0,
  }));
  expect(decide(series, rules)).toEqual(decide(structuredClone(series), rules));
  expect(decide(series, rules)).toMatchObject({ kind: 'found', first: 6 });
});
