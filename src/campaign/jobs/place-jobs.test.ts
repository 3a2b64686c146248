import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Claim, type Holding, type Limits, type Placement, placeJobs } from './place-jobs.ts';

const eight = [0, 1, 2, 3, 4, 5, 6, 7];
const claim = (position: number, count: number, more: Partial<Claim> = {}): Claim => ({
  position,
  count,
  candidates: count === 0 ? [] : eight,
  exclusive: false,
  ...more,
});
const running = (...gpus: number[]): Holding => ({ gpus, exclusive: false });
const many: Limits = { slots: 100, plain: 100 };
const place = (
  waiting: readonly Claim[],
  now: { running?: Holding[]; limits?: Limits; busy?: number[] } = {},
): [number, readonly number[]][] =>
  placeJobs({
    waiting,
    running: now.running ?? [],
    limits: now.limits ?? many,
    busy: new Set(now.busy),
  }).map((one) => [one.claim.position, one.gpus]);

test('the largest go first, equals in their order, and jobs without a GPU beside them', () => {
  expect(place([claim(0, 1), claim(1, 0), claim(2, 4), claim(3, 1)])).toEqual([
    [2, [0, 1, 2, 3]],
    [0, [4]],
    [3, [5]],
    [1, []],
  ]);
});

test('one at a time keeps the order of the manifest', () => {
  const one = { slots: 1, plain: 1 };
  expect(place([claim(0, 1), claim(1, 8), claim(2, 0)], { limits: one })).toEqual([[0, [0]]]);
  expect(place([claim(1, 8)], { limits: one, running: [running(0)] })).toEqual([]);
});

test('jobs without a GPU have a bound of their own', () => {
  const limits = { slots: 100, plain: 2 };
  const waiting = [claim(0, 0), claim(1, 0), claim(2, 0), claim(3, 1)];
  expect(place(waiting, { limits })).toEqual([
    [3, [0]],
    [0, []],
    [1, []],
  ]);
});

test('an exclusive job starts on an empty machine only, and nothing joins it', () => {
  const alone = claim(5, 1, { exclusive: true });
  expect(place([claim(0, 1), alone])).toEqual([[5, [0]]]);
  expect(place([claim(0, 1), alone], { running: [running(3)] })).toEqual([]);
  expect(place([claim(0, 1)], { running: [{ gpus: [3], exclusive: true }] })).toEqual([]);
  expect(place([claim(0, 0, { exclusive: true })], { limits: { slots: 9, plain: 0 } })).toEqual([[0, []]]);
});

describe('a large job that has to wait', () => {
  test('waits for the GPUs of one that holds enough, and smaller ones use what is left', () => {
    expect(place([claim(0, 4), claim(1, 1)], { running: [running(0, 1, 2, 3, 4, 5)] })).toEqual([[1, [6]]]);
  });

  test('is not overtaken on GPUs that become free one by one', () => {
    const others = eight.slice(1).map((gpu) => running(gpu));
    expect(place([claim(0, 8), claim(1, 1)], { running: others })).toEqual([]);
    expect(place([claim(0, 2), claim(1, 1)], { running: others })).toEqual([]);
  });

  test('does not hold up smaller ones while other programs have what it needs', () => {
    expect(place([claim(0, 8), claim(1, 1)], { busy: [0] })).toEqual([[1, [1]]]);
    expect(place([claim(0, 8, { exclusive: true }), claim(1, 1)], { busy: [0] })).toEqual([[1, [1]]]);
  });

  test('queues for all GPUs when nothing else is left', () => {
    const now = { waiting: [claim(0, 8)], running: [], limits: many, busy: new Set([0]) };
    expect(placeJobs(now)).toEqual([{ claim: claim(0, 8), gpus: eight, waits: true }]);
    expect(place([claim(0, 4)], { busy: [0, 1, 2, 3, 4] })).toEqual([]);
  });
});

interface Started extends Placement<Claim> {
  beside: readonly Holding[];
}

/** Runs a whole campaign, ending a running job of choice whenever nothing more can start. */
function campaign(claims: readonly Claim[], limits: Limits, choice: () => number): Started[] {
  const starts: Started[] = [];
  let waiting = [...claims];
  let held: (Holding & { claim: Claim })[] = [];
  while (waiting.length > 0) {
    const placed = placeJobs({ waiting, running: held, limits, busy: new Set() });
    const beside = held;
    held = [...held, ...placed.map((one) => ({ ...one, exclusive: one.claim.exclusive }))];
    starts.push(
      ...placed.map((one) => ({
        ...one,
        beside: held.filter((other) => other.claim !== one.claim),
      })),
    );
    waiting = waiting.filter((one) => !placed.some((other) => other.claim === one));
    if (waiting.length === 0) break;
    if (held.length === 0) throw new Error(`stuck with ${waiting.length} jobs`);
    expect(placed.length > 0 || beside.length > 0).toBe(true);
    held = held.toSpliced(choice() % held.length, 1);
  }
  return starts;
}

const anyClaims = fc
  .array(fc.record({ count: fc.integer({ min: 0, max: 8 }), exclusive: fc.boolean() }), {
    minLength: 1,
    maxLength: 20,
  })
  .map((all) => all.map((one, position) => claim(position, one.count, { exclusive: one.exclusive })));
const anyLimits = fc.record({ slots: fc.integer({ min: 1, max: 9 }), plain: fc.integer({ min: 1, max: 9 }) });
const choices = (seed: number[]): (() => number) => {
  let at = 0;
  return () => seed[at++ % seed.length] ?? 0;
};
const anySeed = fc.array(fc.nat(100), { minLength: 1 });

test('whatever is asked: every job starts once, GPUs are never shared, and who is exclusive is alone', () => {
  fc.assert(
    fc.property(anyClaims, anyLimits, anySeed, (claims, limits, seed) => {
      const starts = campaign(claims, limits, choices(seed));
      expect(starts.map((one) => one.claim.position).toSorted((a, b) => a - b)).toEqual(
        claims.map(({ position }) => position),
      );
      for (const { claim: one, gpus, beside } of starts) {
        expect(new Set(gpus).size).toBe(one.count);
        expect(beside.flatMap((other) => other.gpus).filter((gpu) => gpus.includes(gpu))).toEqual([]);
        expect(beside.length).toBeLessThan(limits.slots);
        if (one.exclusive || beside.some(({ exclusive }) => exclusive)) expect(beside).toEqual([]);
      }
    }),
  );
});

test('however many small jobs keep coming, a large one starts', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 8 }), anySeed, (count, seed) => {
      const choice = choices(seed);
      let held: Holding[] = eight.map((gpu) => running(gpu));
      const large = claim(0, count);
      for (let round = 1; round < 1000; round++) {
        const waiting = [large, ...eight.map((_, at) => claim(round * 10 + at, 1))];
        const placed = placeJobs({ waiting, running: held, limits: many, busy: new Set() });
        if (placed.some((one) => one.claim === large)) return;
        held = [...held, ...placed.map(({ gpus }) => running(...gpus))];
        held = held.toSpliced(choice() % held.length, 1);
      }
      throw new Error('it never started');
    }),
  );
});
