import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quantile, relativeError, statisticsOf, studentT95 } from './statistics.ts';

describe('values of others', () => {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, column 0.975.
  test.each([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [9, 2.262],
    [10, 2.228],
    [29, 2.045],
    [30, 2.042],
    [100, 1.984],
  ])("Student's t for %i degrees of freedom is %f", (freedom, t) => {
    expect(studentT95(freedom)).toBeCloseTo(t, 3);
  });

  // NIST Statistical Reference Datasets, univariate: certified mean and standard deviation.
  const alternating = (first: number, low: number, high: number): number[] => [
    first,
    ...Array.from({ length: 1000 }, (_, at) => (at % 2 === 0 ? low : high)),
  ];
  test.each([
    ['NumAcc1', [10000001, 10000003, 10000002], 10000002, 1, 15],
    ['NumAcc2', alternating(1.2, 1.1, 1.3), 1.2, 0.1, 13],
    ['NumAcc3', alternating(1000000.2, 1000000.1, 1000000.3), 1000000.2, 0.1, 9],
    ['NumAcc4', alternating(10000000.2, 10000000.1, 10000000.3), 10000000.2, 0.1, 8],
  ] as const)('%s', (_, values, mean, stddev, digits) => {
    const found = statisticsOf(values);
    expect(found.mean).toBeCloseTo(mean, 8);
    expect(found.stddev).toBeCloseTo(stddev, digits - 1);
  });

  // numpy.percentile([15, 20, 35, 40, 50], [5, 40, 95])
  test('quantiles are those of NumPy', () => {
    const values = [15, 20, 35, 40, 50];
    expect([0.05, 0.4, 0.95].map((part) => quantile(values, part))).toEqual([16, 29, 48]);
  });
});

test('two samples have an interval, one has none, and equal ones have an empty one', () => {
  expect(statisticsOf([9, 11])).toMatchObject({ count: 2, mean: 10, median: 10, min: 9, max: 11 });
  expect(statisticsOf([9, 11]).ci95?.high).toBeCloseTo(10 + 12.706, 3);
  const one = statisticsOf([5]);
  expect(one).toMatchObject({ count: 1, mean: 5, median: 5, stddev: null, cv: null, ci95: null });
  expect(relativeError(one)).toBe(Number.POSITIVE_INFINITY);
  expect(relativeError(statisticsOf([0, 0, 0]))).toBe(0);
  expect(relativeError(statisticsOf([-1, 1]))).toBe(Number.POSITIVE_INFINITY);
  expect(() => statisticsOf([])).toThrow(RangeError);
});

const anyValues = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 40 });

test('order does not matter, and everything lies where it must', () => {
  fc.assert(
    fc.property(anyValues, (values) => {
      const found = statisticsOf(values);
      const turned = statisticsOf(values.toReversed());
      // Sums of floating-point numbers depend on their order, in proportion to their size.
      const tolerance = 1e-9 * Math.max(1, ...values.map(Math.abs));
      expect(Math.abs(turned.mean - found.mean)).toBeLessThanOrEqual(tolerance);
      expect(Math.abs((turned.stddev ?? 0) - (found.stddev ?? 0))).toBeLessThanOrEqual(tolerance);
      expect([turned.median, turned.p5, turned.p95]).toEqual([found.median, found.p5, found.p95]);
      const { min, p5, median, p95, max, mean, ci95 } = found;
      const inOrder = [min, p5, median, p95, max];
      for (const [index, value] of inOrder.slice(1).entries())
        expect(value).toBeGreaterThanOrEqual((inOrder[index] ?? value) - tolerance);
      expect(mean).toBeGreaterThanOrEqual(min - tolerance);
      expect(mean).toBeLessThanOrEqual(max + tolerance);
      expect(ci95?.low).toBeLessThanOrEqual(mean);
      expect(ci95?.high).toBeGreaterThanOrEqual(mean);
    }),
  );
});

test('scaled values have scaled statistics and the same relative error', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2 }), (values) => {
      const found = statisticsOf(values);
      const scaled = statisticsOf(values.map((value) => value * 8));
      expect(scaled.median).toBe(found.median * 8);
      expect(scaled.stddev).toBeCloseTo((found.stddev ?? 0) * 8, 6);
      expect(relativeError(scaled)).toBeCloseTo(relativeError(found), 9);
    }),
  );
});

test('of many seeded experiments, the interval holds the true mean in about 95 %', () => {
  let seed = 12345;
  // Park and Miller's generator; the sum of twelve is close to normal.
  const uniform = (): number => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647;
  };
  const normal = (): number => Array.from({ length: 12 }, uniform).reduce((sum, one) => sum + one, -6);
  const tries = 4000;
  let hits = 0;
  for (let at = 0; at < tries; at++) {
    const { ci95 } = statisticsOf(Array.from({ length: 5 }, () => 100 + 3 * normal()));
    if (ci95 && ci95.low <= 100 && 100 <= ci95.high) hits++;
  }
  expect(hits / tries).toBeGreaterThan(0.935);
  expect(hits / tries).toBeLessThan(0.965);
});
