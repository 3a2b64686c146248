/** What several samples of one number say. */

export interface Statistics {
  count: number;
  mean: number;
  median: number;
  /** Of the sample (n - 1); null for a single one. */
  stddev: number | null;
  /** Coefficient of variation, stddev / |mean|; null where it means nothing. */
  cv: number | null;
  min: number;
  max: number;
  p5: number;
  p95: number;
  /** Of the mean, with 95 % confidence; null for a single one. */
  ci95: { low: number; high: number; method: 'student-t' } | null;
}

/** Throws RangeError without a value. */
export function statisticsOf(values: readonly number[]): Statistics {
  const count = values.length;
  if (count === 0) throw new RangeError('no values, no statistics');
  const sorted = values.toSorted((a, b) => a - b);
  const mean = meanOf(values);
  const stddev = count === 1 ? null : stddevOf(values, mean);
  const half = stddev === null ? null : halfWidth(stddev, count);
  return {
    count,
    mean,
    median: quantile(sorted, 0.5),
    stddev,
    cv: stddev === null || mean === 0 ? null : stddev / Math.abs(mean),
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
    p5: quantile(sorted, 0.05),
    p95: quantile(sorted, 0.95),
    ci95: half === null ? null : { low: mean - half, high: mean + half, method: 'student-t' },
  };
}

/** Half of the interval as a part of the mean; Infinity while there is none. */
export function relativeError({ mean, ci95 }: Pick<Statistics, 'mean' | 'ci95'>): number {
  if (ci95 === null) return Number.POSITIVE_INFINITY;
  const half = (ci95.high - ci95.low) / 2;
  return half === 0 ? 0 : half / Math.abs(mean);
}

/** Differences to the first value are small where the values are large and close to each other. */
function meanOf(values: readonly number[]): number {
  const [first = 0] = values;
  return first + values.reduce((sum, value) => sum + (value - first), 0) / values.length;
}

/** In two passes, with the correction for what rounding left of the sum of differences (Chan, Golub and LeVeque, 1983). */
function stddevOf(values: readonly number[], mean: number): number {
  const count = values.length;
  let squares = 0;
  let left = 0;
  for (const value of values) {
    squares += (value - mean) ** 2;
    left += value - mean;
  }
  return Math.sqrt(Math.max(0, squares - left ** 2 / count) / (count - 1));
}

const halfWidth = (stddev: number, count: number): number =>
  stddev === 0 ? 0 : (studentT95(count - 1) * stddev) / Math.sqrt(count);

/** With linear interpolation between the two nearest (type 7 of Hyndman and Fan, 1996; what NumPy and R do). */
export function quantile(sorted: readonly number[], part: number): number {
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below === above ? below : below + (above - below) * (at - Math.floor(at));
}

/** The t that 95 % of Student's distribution lie within, on both sides, for whole degrees of freedom. */
export const studentT95 = (freedom: number): number => studentT(freedom, 0.95);

/** The same for another part than 95 %, which is below 1. */
export function studentT(freedom: number, part: number): number {
  let low = 0;
  let high = Math.PI / 2;
  for (let round = 0; round < 100; round++) {
    const middle = (low + high) / 2;
    if (within(middle, freedom) < part) low = middle;
    else high = middle;
  }
  return Math.tan((low + high) / 2) * Math.sqrt(freedom);
}

/** P(|T| <= t) with angle = atan(t / sqrt(freedom)): Abramowitz and Stegun, 26.7.3 and 26.7.4. */
function within(angle: number, freedom: number): number {
  const cosine = Math.cos(angle);
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k < freedom; k += 2) {
    term *= (cosine ** 2 * (k - 1)) / k;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}
