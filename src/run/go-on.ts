/** A run whose container outlived the controller that started it: followed to its end, and its results put away. */
import { errorPatterns } from '../record/error-pattern.ts';
import { executeProgram } from './execute-program.ts';
import type { Job } from './job.ts';
import { putAway } from './put-away.ts';
import { resultRulesOf } from './result-rules.ts';
import type { Progress, RunServices, Verdict } from './run-services.ts';
import type { StartedProgram } from './started-program.ts';
import { withGpus } from './with-gpus.ts';

export interface GoOnOptions {
  job: Job;
  run: string;
  runFolder: string;
  services: RunServices;
  started: StartedProgram;
  /** Called once when the container could not be ended in time, with words for that. */
  onUnkillable(words: string): void;
}

export async function goOn(options: GoOnOptions, progress: Progress): Promise<Verdict> {
  const { job, run, runFolder, services, started } = options;
  const { engine, clock, settings, emit } = services;
  const message = `${job.card.name}: its container outlived the program that started it, and is gone on with`;
  emit({ type: 'notice', level: 'info', code: 'RUN_ADOPTED', message });
  Object.assign(progress, started.progress);
  const rules = await resultRulesOf(job.card, services.scrubber);
  const startedAt = new Date(started.started_at);
  const { plan, image } = started;
  const held = { job, plan, image, replan: async () => plan, services, progress };
  return withGpus(held, async () => {
    // Whatever is free now: these are the ones that it has.
    progress.gpus = plan.gpus;
    const executed = await executeProgram({
      onOver: () => void services.engineVersion(),
      ...{ plan, image, engine, runFolder },
      errors: errorPatterns(job.card, services.context.values),
      ...(rules ? { alsoScan: rules.scan } : {}),
      scrubber: services.scrubber,
      liveOutput: settings.liveOutput,
      keepAlive: false,
      giveBackTo: services.giveBackTo,
      adopted: { run, startedAt },
      intend: async () => {},
      onUnkillable: options.onUnkillable,
      ...{ emit, clock, signal: services.signal, prefetch: services.prefetch },
    });
    const seen = async (): Promise<void> => {};
    return putAway({ job, plan, rules, executed, startedAt, runFolder, services, seen }, progress);
  });
}
