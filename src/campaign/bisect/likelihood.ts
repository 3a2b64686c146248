/** What samples say of two things that were measured: whether they differ, and which of them a third one is like. */
import { studentT } from '../../record/statistics.ts';

export interface Difference {
  /** Of the second mean to the first. */
  value: number;
  /** Half of its confidence interval; 0 where all samples of a side are equal. */
  half: number;
}

/**
 * Student's test for two means with one variance, as an interval that holds the true difference with the probability
 * `part`. With as many samples on both sides it bears unequal variances well (Markowski and Markowski, The American
 * Statistician 44, 1990, 322–326).
 */
export function differenceOf(first: readonly number[], second: readonly number[], part: number): Difference {
  const freedom = first.length + second.length - 2;
  const variance = (squares(first) + squares(second)) / freedom;
  const error = Math.sqrt(variance * (1 / first.length + 1 / second.length));
  const half = error === 0 ? 0 : studentT(freedom, part) * error;
  return { value: meanOf(second) - meanOf(first), half };
}

/** A part of the difference between both sides: no noise is taken for less, so that a few equal samples prove nothing. */
const leastNoise = 1 / 20;

/**
 * Natural logarithm of how much likelier it is that `samples` come from where `first` comes from than from where
 * `second` does. Means and the common variance are unknown, with Jeffreys' prior: the ratio of the predictive Student
 * densities of all samples (Geisser, Journal of the Royal Statistical Society B 26, 1964, 69–76), in its closed form.
 */
export function logRatio(
  first: readonly number[],
  second: readonly number[],
  samples: readonly number[],
): number {
  const freedom = first.length + second.length + samples.length - 2;
  const least = freedom * ((meanOf(second) - meanOf(first)) * leastNoise) ** 2;
  const likeFirst = squares([...first, ...samples]) + squares(second) + least;
  const likeSecond = squares(first) + squares([...second, ...samples]) + least;
  // Both sides are one: nothing speaks for either.
  if (likeFirst === 0 && likeSecond === 0) return 0;
  const added = samples.length;
  const spread =
    Math.log((second.length + added) * first.length) - Math.log((first.length + added) * second.length);
  return (freedom / 2) * (Math.log(likeSecond) - Math.log(likeFirst)) + spread / 2;
}

export function meanOf(values: readonly number[]): number {
  const [first = Number.NaN] = values;
  return first + values.reduce((sum, value) => sum + (value - first), 0) / values.length;
}

/** Sum of the squared distances to the mean. */
function squares(values: readonly number[]): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}
