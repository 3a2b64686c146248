import fc from 'fast-check';
import { expect, test } from 'vitest';
import { differenceOf, logRatio } from './likelihood.ts';

test('the interval of a difference is that of the two-sample t-test', () => {
  // By hand: means 2 and 5, variance 1 on 4 degrees of freedom, t = 2.776, error sqrt(2 / 3).
  const { value, half } = differenceOf([1, 2, 3], [4, 5, 6], 0.95);
  expect(value).toBe(3);
  expect(half).toBeCloseTo(2.776445 * Math.sqrt(2 / 3), 5);
  expect(differenceOf([1, 1], [2, 2], 0.95)).toEqual({ value: 1, half: 0 });
});

test('one sample is judged by the ratio of the predictive densities of Student', () => {
  // Sides of 3 with means 2 and 5 and a common variance of 1; a new value x has, under either, a density that is
  // proportional to (1 + (x - mean)² / (4 · (1 + 1/3)))^(-5/2), but for the least noise, which is 0.15² here.
  const x = 3;
  const least = 5 * 0.15 ** 2;
  const density = (mean: number): number => (4 + least + (3 / 4) * (x - mean) ** 2) ** (-5 / 2);
  expect(logRatio([1, 2, 3], [4, 5, 6], [x])).toBeCloseTo(Math.log(density(2) / density(5)), 10);
});

test('a side that is known better is the narrower one', () => {
  // Means 0 and 6, squares 2 and 10, 7 samples in the end; the density of x is (squares + n / (n + 1) · (x - mean)²)^(-7/2)
  // times the square root of n / (n + 1).
  const least = 7 * (6 / 20) ** 2;
  const density = (n: number, mean: number): number =>
    Math.sqrt(n / (n + 1)) * (12 + least + (n / (n + 1)) * (2 - mean) ** 2) ** (-7 / 2);
  expect(logRatio([-1, 0, 1], [4, 5, 6, 7, 8], [2])).toBeCloseTo(Math.log(density(3, 0) / density(5, 6)), 10);
});

const values = (least: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: least, maxLength: 8 });

test('swapping the sides turns the sign, and scale and origin of the metric do not matter', () => {
  fc.assert(
    fc.property(values(3), values(3), values(1), (good, bad, samples) => {
      const ratio = logRatio(good, bad, samples);
      expect(logRatio(bad, good, samples)).toBeCloseTo(-ratio, 6);
      const scaled = (list: number[]): number[] => list.map((value) => value * 8 + 4096);
      expect(logRatio(scaled(good), scaled(bad), scaled(samples))).toBeCloseTo(ratio, 6);
    }),
  );
});

test('a few equal samples without any noise prove nothing for a value in the middle', () => {
  expect(
    Math.abs(logRatio([100, 100, 100, 100, 100], [94, 94, 94, 94, 94], [97.1, 97.1, 97.1])),
  ).toBeLessThan(3);
  expect(logRatio([100, 100, 100, 100, 100], [94, 94, 94, 94, 94], [100, 100, 100])).toBeGreaterThan(10);
});
