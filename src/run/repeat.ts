/** A job that is executed several times: each time complete, in a container and a workspace of its own, on the same GPUs. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord, Sample } from '../record/record-schema.ts';
import { sampleFolder, writeSample } from '../record/sample-file.ts';
import type { Slot } from './gpu/slot.ts';
import { endedByDeadline, failureOf } from './run-failure.ts';
import type { Progress, RunServices, Verdict } from './run-services.ts';
import {
  imprecise,
  isEnough,
  medianMetrics,
  medianOf,
  plannedCount,
  type Sampling,
  statisticsOfSamples,
} from './sampling.ts';

export interface Execution {
  verdict: Verdict;
  progress: Progress;
}

type Repeated = Execution & Pick<RunRecord, 'samples' | 'statistics'>;

export type Execute = (folder: string, services: RunServices) => Promise<Execution>;

/** Ends with the first execution that is no success: what is wrong with a job is not made good by its other samples. */
export async function repeated(
  runFolder: string,
  services: RunServices,
  execute: Execute,
): Promise<Repeated> {
  const sampling: Sampling = services.settings;
  const { slot: given } = services;
  const slot: Slot = given?.keepsLease ? given : { ...(given ?? { gpus: [] }), keepsLease: true };
  const pulled: RunServices['pulled'] = {};
  const executions: Execution[] = [];
  const samples: Sample[] = [];
  try {
    for (let last: Sample | undefined; !isOver(samples, last, sampling); ) {
      if (last && services.signal.aborted) return stopped(together(executions, samples, services), services);
      const number = samples.length + 1;
      const execution = await one(number, runFolder, { ...services, slot, pulled, sample: number }, execute);
      last = execution.sample;
      samples.push(last);
      executions.push(execution);
    }
  } finally {
    if (slot !== given && !slot.isStuck) slot.lease?.release();
  }
  return together(executions, samples, services);
}

function isOver(samples: readonly Sample[], last: Sample | undefined, sampling: Sampling): boolean {
  if (last && last.status !== 'SUCCESS') return true;
  return samples.length >= sampling.warmup + 1 && isEnough(counting(samples), sampling);
}

const counting = (samples: readonly Sample[]): Sample[] => samples.filter(({ warmup }) => !warmup);

async function one(
  number: number,
  runFolder: string,
  services: RunServices,
  execute: Execute,
): Promise<Execution & { sample: Sample }> {
  const { emit, clock, settings } = services;
  const warmup = number <= settings.warmup;
  emit({ type: 'sample.started', sample: number, of: plannedCount(settings), warmup });
  const folder = sampleFolder(runFolder, number);
  // What is wrong with the disk, the execution itself runs into, and it is in its verdict.
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => {});
  const startedAt = clock.now().toISOString();
  const { verdict, progress } = await execute(folder, services);
  const seen = under(progress, number);
  const sample: Sample = {
    metrics: progress.metrics,
    duration_s: progress.durations.stages_s ?? 0,
    status: verdict.status,
    warmup,
    started_at: startedAt,
    exit_code: progress.exit_code,
    gpus: [...progress.gpus],
    output: seen.output,
    ...(verdict.failure ? { failure: verdict.failure } : {}),
  };
  // Only for a start that finds this run dead; the record has it in any case.
  await writeSample(folder, services.scrubber.scrubData(sample)).catch(() => {});
  const [first] = progress.metrics;
  emit({
    type: 'sample.ended',
    sample: number,
    warmup,
    status: sample.status,
    performance: first?.text ?? null,
    metric: first?.name ?? null,
    duration_s: sample.duration_s,
  });
  return { verdict, progress: seen, sample };
}

/** A signal or the deadline came between two samples. */
function stopped(taken: Repeated, { signal, resultsRoot }: RunServices): Repeated {
  const failure = failureOf(undefined, signal, resultsRoot);
  const verdict = endedByDeadline({ status: 'FAILURE', failure, reason: null }, signal);
  return { ...taken, verdict };
}

/** Paths as the whole run's record has them. */
function under(progress: Progress, number: number): Progress {
  const below = (path: string): string => join('samples', String(number), path);
  return {
    ...progress,
    artifacts: progress.artifacts.map((one) => ({ ...one, path: below(one.path) })),
    output: progress.output && { ...progress.output, path: below(progress.output.path) },
  };
}

function together(
  executions: readonly Execution[],
  samples: readonly Sample[],
  services: RunServices,
): Repeated {
  const sampling: Sampling = services.settings;
  const [first] = executions;
  const last = executions.at(-1);
  if (!first || !last) throw new RangeError('a job that was never executed');
  const good = counting(samples).filter(({ status }) => status === 'SUCCESS');
  const isGood = last.verdict.status === 'SUCCESS';
  const progress: Progress = {
    ...last.progress,
    durations: {
      ...last.progress.durations,
      pull_s: first.progress.durations.pull_s,
      ...(isGood ? { stages_s: medianOf(good.map(({ duration_s }) => duration_s)) } : {}),
    },
    metrics: isGood ? medianMetrics(good) : last.progress.metrics,
    artifacts: executions.flatMap(({ progress: { artifacts } }) => artifacts),
    warnings: [...new Set(executions.flatMap(({ progress: { warnings } }) => warnings))],
    ...healthOf(first.progress, last.progress),
  };
  if (isGood) tellImprecise(good, sampling, services, progress);
  const statistics = statisticsOfSamples(good);
  return { verdict: named(last.verdict, samples, sampling), progress, samples: [...samples], statistics };
}

/** Before the first and after the last. */
function healthOf(first: Progress, last: Progress): Pick<Progress, 'gpu_health'> {
  if (!first.gpu_health || !last.gpu_health) return {};
  return {
    gpu_health: last.gpu_health.map((one) => ({
      ...one,
      before: first.gpu_health?.find(({ gpu }) => gpu === one.gpu)?.before ?? one.before,
    })),
  };
}

function tellImprecise(
  good: readonly Sample[],
  sampling: Sampling,
  { emit }: RunServices,
  { warnings }: Progress,
): void {
  const wide = sampling.repeat === 'auto' ? imprecise(good, sampling) : [];
  for (const { name, row, mean, ci95 } of wide) {
    const percent = ci95 === null ? Number.NaN : ((ci95.high - ci95.low) / 2 / Math.abs(mean)) * 100;
    const found = Number.isFinite(percent) ? `± ${Number(percent.toPrecision(2))} %` : 'unknown';
    const what = row === null ? name : `${row} ${name}`;
    const message = `${what} is less precise than ± ${sampling.precision} % after ${good.length} samples: ${found}`;
    warnings.push(message);
    emit({ type: 'notice', level: 'warning', code: 'IMPRECISE', message });
  }
}

/** Which of them failed. */
function named(verdict: Verdict, samples: readonly Sample[], sampling: Sampling): Verdict {
  const { failure } = verdict;
  if (!failure) return verdict;
  const what = samples.at(-1)?.warmup ? 'warm-up' : 'sample';
  const number = what === 'warm-up' ? samples.length : samples.length - sampling.warmup;
  const of = what === 'warm-up' ? sampling.warmup : sampling.repeat;
  const whole = of === 'auto' ? '' : ` of ${of}`;
  return { ...verdict, failure: { ...failure, message: `${what} ${number}${whole}: ${failure.message}` } };
}
