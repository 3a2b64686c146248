import * as z from 'zod/mini';

const number = z.number();

/** What the samples say of one metric; see `statistics.ts`. */
export const statisticsSchema = z.object({
  /** Name, row and column of the metric. */
  name: z.string(),
  row: z.nullable(z.string()),
  column: z.optional(z.string()),
  count: number,
  mean: number,
  median: number,
  /** Standard deviation of the sample; null for a single one. */
  stddev: z.nullable(number),
  /** stddev / |mean|. */
  cv: z.nullable(number),
  min: number,
  max: number,
  p5: number,
  p95: number,
  /** Of the mean, with 95 % confidence; null for a single sample. */
  ci95: z.nullable(z.object({ low: number, high: number, method: z.enum(['student-t']) })),
});
