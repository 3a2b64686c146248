/** How long a campaign will go on, by how long its jobs took before. */
import type { Clock } from '../foundation/clock.ts';
import type { Emit } from '../foundation/event.ts';
import { type Durations, executionS, medianOf } from '../record/durations.ts';
import type { RunRecord } from '../record/record-schema.ts';
import type { Job } from '../run/job.ts';
import { plannedCount, type Sampling } from '../run/sampling.ts';

export interface EstimateInput {
  /** Those that will run. */
  jobs: readonly Job[];
  past: Durations;
  /** Jobs at the same time, at most. */
  lanes: number;
  sampling: Sampling;
  clock: Clock;
  emit: Emit;
}

export interface Estimator {
  begun(job: Job): void;
  over(job: Job, record: RunRecord): void;
  /** Of the jobs that are over. */
  readonly durations: Durations;
}

export function estimator(input: EstimateInput): Estimator {
  const { past, lanes, clock, emit } = input;
  const left = new Map<Job, number | undefined>(input.jobs.map((job) => [job, undefined]));
  const durations = new Map<string, number>();
  const executions = executionsOf(input.sampling);

  const tell = (): void => {
    const known = [...left.keys()].flatMap(({ key }) => past.get(key) ?? []);
    const usual = [...durations.values(), ...known];
    const isKnown = durations.size > 0 || known.length * 2 >= left.size;
    if (left.size === 0 || usual.length === 0 || !isKnown) return;
    const otherwise = medianOf(usual);
    const now = clock.monotonic();
    const each = [...left].map(([{ key }, since]) => {
      const whole = (past.get(key) ?? otherwise) * executions;
      return since === undefined ? whole : Math.max(0, whole - (now - since));
    });
    const remaining_s = Math.round(remainingS(each, lanes));
    emit({ type: 'campaign.estimate', remaining_s, models_left: left.size, known: known.length });
  };

  tell();
  return {
    durations,
    begun: (job) => void (left.has(job) && left.set(job, clock.monotonic())),
    over(job, record) {
      left.delete(job);
      const seconds = executionS(record);
      if (seconds !== undefined) durations.set(job.key, seconds);
      tell();
    },
  };
}

/** Until the last of these is over, when so many go side by side. */
export const remainingS = (each: readonly number[], lanes: number): number =>
  Math.max(0, ...each, each.reduce((sum, one) => sum + one, 0) / Math.max(1, lanes));

/** Of a sampling that ends by itself, the fewest that it needs. */
const executionsOf = (sampling: Sampling): number => plannedCount(sampling) ?? sampling.warmup + fewestOfAuto;
const fewestOfAuto = 3;
