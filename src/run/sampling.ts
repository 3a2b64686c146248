/** How often a model is executed, when that is enough, and what the samples say together: plain data in and out. */
import type { Metric, RunRecord, Sample } from '../record/record-schema.ts';
import { quantile, relativeError, type Statistics, statisticsOf } from '../record/statistics.ts';

export interface Sampling {
  /** Executions that count; `auto`: until they are precise enough. */
  repeat: number | 'auto';
  /** Executions before them. */
  warmup: number;
  /** For `auto`: half of the interval, in percent of the mean. */
  precision: number;
  /** For `auto`. */
  maxRepeats: number;
}

export const isRepeated = ({ repeat, warmup }: Sampling): boolean => repeat !== 1 || warmup > 0;

/** With fewer, the interval says more of Student's distribution than of the model. */
const fewest = 3;

/** How many executions there will be in all; null while nobody knows. */
export const plannedCount = ({ repeat, warmup }: Sampling): number | null =>
  repeat === 'auto' ? null : repeat + warmup;

type MetricStatistics = NonNullable<RunRecord['statistics']>[number];

/** Whether no further sample is needed. `samples` are those that count, all of them good. */
export function isEnough(samples: readonly Sample[], sampling: Sampling): boolean {
  if (sampling.repeat !== 'auto') return samples.length >= sampling.repeat;
  if (samples.length >= sampling.maxRepeats) return true;
  return samples.length >= fewest && imprecise(samples, sampling).length === 0;
}

/** Results that are less precise than they were to be. Metrics without a row of their own don't matter. */
export const imprecise = (samples: readonly Sample[], { precision }: Sampling): MetricStatistics[] =>
  statisticsOfSamples(samples).filter(
    (one) => one.column === undefined && !(relativeError(one) * 100 <= precision),
  );

/** For each metric that has numbers, in the order of the first sample that has it. */
export const statisticsOfSamples = (samples: readonly Sample[]): MetricStatistics[] =>
  seriesOf(samples).flatMap(({ metrics: [first, ...others] }) => {
    const values = numbersOf(first ? [first, ...others] : []);
    if (!first || values.length === 0) return [];
    const { name, row, column } = first;
    const found: Statistics = statisticsOf(values);
    return [{ name, row, ...(column === undefined ? {} : { column }), ...found }];
  });

/**
 * The median of each metric: as the model printed it where the number of samples is odd. Further columns of a row are
 * those of the sample that comes closest.
 */
export const medianMetrics = (samples: readonly Sample[]): Metric[] =>
  seriesOf(samples).flatMap(({ metrics }) => {
    const sorted = metrics
      .filter(({ value }) => value !== null)
      .toSorted((a, b) => Number(a.value) - Number(b.value));
    const nearest = sorted[Math.floor((sorted.length - 1) / 2)];
    if (!nearest) return metrics.slice(0, 1);
    const value = quantile(numbersOf(sorted), 0.5);
    return [value === nearest.value ? nearest : { ...nearest, value, text: plainNumber(value) }];
  });

/** Without the last digits, which only say that binary fractions are no decimal ones. */
const plainNumber = (value: number): string => String(Number(value.toPrecision(15)));

export const medianOf = (values: readonly number[]): number =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );

const numbersOf = (metrics: readonly Metric[]): number[] =>
  metrics.flatMap(({ value }) => (value === null ? [] : [value]));

/** Two rows of one name in one file are told apart by their order. */
function seriesOf(samples: readonly Sample[]): { metrics: Metric[] }[] {
  const series = new Map<string, { metrics: Metric[] }>();
  for (const { metrics } of samples) {
    const seen = new Map<string, number>();
    for (const metric of metrics) {
      const name = JSON.stringify([metric.row, metric.name, metric.column ?? null]);
      const times = (seen.get(name) ?? 0) + 1;
      seen.set(name, times);
      const key = `${name} ${times}`;
      const known = series.get(key) ?? { metrics: [] };
      known.metrics.push(metric);
      series.set(key, known);
    }
  }
  return [...series.values()];
}
