/** What differs between two runs, or between the same jobs of two campaigns, with the change of each metric. */

import type { Metric, RunRecord } from '../record-schema.ts';
import { type ComparedRun, compareRecords, type Difference } from './compare-records.ts';

export interface MetricChange {
  name: string;
  /** Of a `multiple_results` file. */
  row: string | null;
  /** null where it is not there or no number. */
  a: number | null;
  b: number | null;
  /** Of `b` over `a`; null where there is none. */
  change_percent: number | null;
  direction: 'higher' | 'lower' | null;
  /** null where nobody said in which direction the metric is good, or nothing can be said. */
  verdict: 'better' | 'worse' | 'same' | null;
}

export interface ComparedJob {
  model: string;
  args: string;
  a: RunRecord;
  b: RunRecord;
  metrics: MetricChange[];
  /** Without those that the metrics tell. */
  differences: Difference[];
}

export interface Comparison {
  jobs: ComparedJob[];
  /** Differences that all of several jobs have; they are not among those of the jobs. */
  common: Difference[];
  only_a: RunRecord[];
  only_b: RunRecord[];
}

/** Jobs are the same when model, arguments and image are, or else model and arguments. Only last attempts count. */
export function compareCampaigns(a: readonly ComparedRun[], b: readonly ComparedRun[]): Comparison {
  const [ones, others] = [lastOfEach(a), lastOfEach(b)];
  const pairs: [ComparedRun, ComparedRun][] = [];
  for (const key of [jobOf, modelOf]) {
    for (const one of [...ones]) {
      const other = [...others].find((candidate) => key(candidate.record) === key(one.record));
      if (!other) continue;
      pairs.push([one, other]);
      ones.delete(one);
      others.delete(other);
    }
  }
  const order = lastOfEach(a);
  const place = new Map([...order].map(({ record }, index) => [record.run, index]));
  const jobs = pairs
    .toSorted(([x], [y]) => (place.get(x.record.run) ?? 0) - (place.get(y.record.run) ?? 0))
    .map(([one, other]) => compareRuns(one, other));
  const common = commonOf(jobs);
  const isCommon = (one: Difference): boolean => common.some((other) => isSame(one, other));
  return {
    jobs: jobs.map((job) => ({ ...job, differences: job.differences.filter((one) => !isCommon(one)) })),
    common,
    only_a: [...ones].map(({ record }) => record),
    only_b: [...others].map(({ record }) => record),
  };
}

/** Two runs, whatever their jobs are. */
export function compareRuns(a: ComparedRun, b: ComparedRun): ComparedJob {
  const metrics = metricChanges(a.record.metrics, b.record.metrics);
  const told = new Set(metrics.filter((one) => one.a !== null && one.b !== null).map(pathOf));
  return {
    model: a.record.model.name,
    args: a.record.model.args,
    a: a.record,
    b: b.record,
    metrics,
    differences: compareRecords(a, b).filter(({ path }) => !told.has(path)),
  };
}

const jobOf = ({ job }: RunRecord): string => job;
const modelOf = ({ model }: RunRecord): string => `${model.name}\n${model.args}`;

/** As `compareRecords` names it. */
const pathOf = ({ name, row }: MetricChange): string => `metrics.${row === null ? name : `${row}.${name}`}`;

function lastOfEach(runs: readonly ComparedRun[]): Set<ComparedRun> {
  const last = new Map<string, ComparedRun>();
  for (const run of runs) {
    const earlier = last.get(run.record.job);
    if (!earlier || earlier.record.attempt <= run.record.attempt) last.set(run.record.job, run);
  }
  return new Set(last.values());
}

export function metricChanges(a: readonly Metric[], b: readonly Metric[]): MetricChange[] {
  const [ones, others] = [named(a), named(b)];
  return [...new Set([...ones.keys(), ...others.keys()])].flatMap((key) => {
    const [one, other] = [ones.get(key), others.get(key)];
    const either = one ?? other;
    return either ? [changeOf(either, one?.value ?? null, other?.value ?? null, other?.direction)] : [];
  });
}

/** Two rows of one name in one file are told apart by their order. */
function named(metrics: readonly Metric[]): Map<string, Metric> {
  const times = new Map<string, number>();
  return new Map(
    metrics.map((metric) => {
      const name = `${metric.row ?? ''}\n${metric.name}`;
      times.set(name, (times.get(name) ?? 0) + 1);
      return [`${name}\n${times.get(name)}`, metric];
    }),
  );
}

function changeOf(
  { name, row, direction: own }: Metric,
  a: number | null,
  b: number | null,
  other: Metric['direction'] | undefined,
): MetricChange {
  const direction = other ?? own;
  const part = a === null || b === null ? null : a === b ? 0 : a === 0 ? null : (b - a) / Math.abs(a);
  const change = part === null ? null : Math.round(part * 10_000) / 100;
  return { name, row, a, b, change_percent: change, direction, verdict: verdictOf(part, direction) };
}

function verdictOf(part: number | null, direction: Metric['direction']): MetricChange['verdict'] {
  if (part === 0) return 'same';
  if (part === null || direction === null) return null;
  return part > 0 === (direction === 'higher') ? 'better' : 'worse';
}

function commonOf([first, ...others]: readonly ComparedJob[]): Difference[] {
  if (!first || others.length === 0) return [];
  return first.differences.filter(
    (one) =>
      one.group !== 'outcome' &&
      others.every(({ differences }) => differences.some((other) => isSame(one, other))),
  );
}

const isSame = (one: Difference, other: Difference): boolean =>
  one.path === other.path &&
  JSON.stringify(one.a) === JSON.stringify(other.a) &&
  JSON.stringify(one.b) === JSON.stringify(other.b);
