/** What records say for a bisect: a value, or why there is none. */
import { MadError } from '../../foundation/error.ts';
import type { Metric, RunRecord } from '../../record/record-schema.ts';
import { type Direction, type Measured, mostFailures } from './decide.ts';

/** What is kept of the record of one execution. */
export interface Sample {
  run: string;
  metrics: readonly Metric[];
  /** Why it is no success. */
  problem: string | undefined;
  /** Another execution would end the same way. */
  isFinal: boolean;
  imageId: string | null;
}

/** Troubles of the machine, its network and its servers: they say nothing of what was to be measured. */
export function isTroubleAround({ failure }: RunRecord): boolean {
  if (failure === null) return false;
  if (failure.class === 'disk_full' || failure.class === 'device') return true;
  return ['pull', 'clone', 'data'].includes(failure.class) && !failure.permanent;
}

/** undefined for a record that says nothing: of a signal, a dead controller, trouble around, an attempt that another followed. */
export function sampleOf(record: RunRecord): Sample | undefined {
  const { run, status, failure, reason, retried, metrics, image } = record;
  const isStopped = failure?.class === 'interrupted' || failure?.class === 'not_run';
  if (retried || isStopped || isTroubleAround(record)) return undefined;
  const problem = status === 'SUCCESS' ? undefined : (failure?.message ?? reason ?? status);
  const evidence = failure?.evidence === undefined ? '' : ` (${failure.evidence})`;
  return {
    run,
    metrics: metrics.filter(({ column }) => column === undefined),
    problem: problem === undefined ? undefined : `${problem}${evidence}`,
    isFinal: status === 'SKIPPED' || failure?.class === 'build' || failure?.permanent === true,
    imageId: image.id,
  };
}

const nameOf = ({ name, row }: Metric): string => (row === null ? name : `${row} ${name}`);

/** What people call the results of a run, and how one is asked for. */
export interface WantedMetric {
  name: string;
  direction: Direction | null;
}

/**
 * The metric that `wanted` names, by its name, its row, or both; the only one when undefined. Throws INVALID_ARGUMENT
 * where a good run has several that could be meant, or none.
 */
export function chooseMetric(
  samples: readonly Sample[],
  wanted: string | undefined,
): WantedMetric | undefined {
  const first = samples.find(({ problem, metrics }) => problem === undefined && metrics.length > 0);
  if (!first) return undefined;
  const meant = first.metrics.filter(
    (metric) => wanted === undefined || [nameOf(metric), metric.name, metric.row].includes(wanted),
  );
  const exact = meant.filter((metric) => nameOf(metric) === wanted);
  const [one, other] = exact.length > 0 ? exact : meant;
  if (one && !other) return { name: nameOf(one), direction: one.direction };
  const names = [...new Set(first.metrics.map(nameOf))];
  const shown = `${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`;
  throw new MadError(
    'INVALID_ARGUMENT',
    one
      ? `the model has several results: ${shown}`
      : `the model has no result ${JSON.stringify(wanted)}: ${shown}`,
    { hint: `Choose one of them: --metric ${JSON.stringify(names[0])}` },
  );
}

/** A sample's value, or why it has none. */
export function resultIn(
  { metrics, problem }: Sample,
  wanted: WantedMetric | undefined,
): { value: number } | { problem: string } {
  if (problem !== undefined) return { problem };
  const value = metrics.find((metric) => nameOf(metric) === wanted?.name)?.value;
  return typeof value === 'number' && Number.isFinite(value)
    ? { value }
    : { problem: `no number for ${wanted?.name ?? 'any metric'}` };
}

export function measuredOf(samples: readonly Sample[], wanted: WantedMetric | undefined): Measured {
  const values: number[] = [];
  let failures = 0;
  for (const sample of samples) {
    const found = resultIn(sample, wanted);
    if ('value' in found) values.push(found.value);
    else failures += sample.isFinal ? mostFailures : 1;
  }
  return { values, failures };
}
