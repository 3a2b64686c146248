import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleRecord } from '../../test/sample/record.ts';
import type { Clock } from '../foundation/clock.ts';
import { type EventOf, silent } from '../foundation/event.ts';
import { card } from '../image/fixture.ts';
import type { BuiltImage } from '../manifest/manifest-schema.ts';
import { type Job, makeJob } from '../run/job.ts';
import { type EstimateInput, type Estimator, estimator, remainingS } from './estimate.ts';

const [a, b, c] = ['a', 'b', 'c'].map((name) => makeJob(card({ name }), name, {} as BuiltImage)) as [
  Job,
  Job,
  Job,
];

function given(
  past: Record<string, number>,
  more: Partial<EstimateInput> = {},
): { told: EventOf<'campaign.estimate'>[]; now: { s: number }; estimate: Estimator } {
  const told: EventOf<'campaign.estimate'>[] = [];
  const now = { s: 0 };
  const clock = { monotonic: () => now.s } as Clock;
  const emit = Object.assign(
    (event: { type: string }) => void told.push(event as EventOf<'campaign.estimate'>),
    {
      within: () => silent,
    },
  );
  const byKey = new Map(
    [a, b, c].flatMap(({ key, card }) => (past[card.name] ? [[key, past[card.name] ?? 0]] : [])) as [
      string,
      number,
    ][],
  );
  const sampling = { repeat: 1, warmup: 0, precision: 2, maxRepeats: 30 };
  const estimate = estimator({ jobs: [a, b, c], past: byKey, lanes: 1, sampling, clock, emit, ...more });
  return { told, now, estimate };
}

const took = (total_s: number): ReturnType<typeof sampleRecord> =>
  sampleRecord({ durations: { total_s, pull_s: null, stages_s: null } });

test('at the start it is the sum of what the jobs took before, then less with each that is over', () => {
  const { told, estimate } = given({ a: 100, b: 50, c: 10 });
  estimate.over(a, took(500));
  estimate.over(b, took(1));
  estimate.over(c, took(1));
  expect(told.map(({ remaining_s, models_left, known }) => [remaining_s, models_left, known])).toEqual([
    [160, 3, 3],
    [60, 2, 2],
    [10, 1, 1],
  ]);
});

test('what runs already has less left, and a job that nobody knows is taken to be like the others', () => {
  const { told, now, estimate } = given({ b: 50, c: 10 });
  expect(told[0]?.remaining_s).toBe(90);
  estimate.begun(b);
  now.s = 20;
  estimate.over(a, took(40));
  expect(told[1]?.remaining_s).toBe(40);
});

test('nothing is said before anything is known', () => {
  const { told, estimate } = given({ a: 10 });
  expect(told).toEqual([]);
  estimate.over(b, took(20));
  expect(told[0]).toMatchObject({ remaining_s: 25, known: 1 });
});

test('several executions take that many times as long, several lanes that much less', () => {
  const sampling = { repeat: 4, warmup: 1, precision: 2, maxRepeats: 30 };
  expect(given({ a: 10, b: 10, c: 10 }, { sampling }).told[0]?.remaining_s).toBe(150);
  expect(given({ a: 10, b: 10, c: 10 }, { lanes: 3 }).told[0]?.remaining_s).toBe(10);
});

test('it is never less than the longest job and never more than all of them one by one', () => {
  const seconds = fc.array(fc.nat(10_000), { minLength: 1 });
  fc.assert(
    fc.property(seconds, fc.integer({ min: 1, max: 8 }), (each, lanes) => {
      const left = remainingS(each, lanes);
      expect(left).toBeGreaterThanOrEqual(Math.max(...each));
      expect(left).toBeLessThanOrEqual(each.reduce((sum, one) => sum + one, 0) + 1e-6);
    }),
  );
});
