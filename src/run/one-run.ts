import { errorPatterns } from '../record/output/error-pattern.ts';
import type { ExecuteOptions } from './execute-program.ts';
import type { Job } from './job.ts';
import type { ResultRules } from './result/result-rules.ts';
import { type Progress, type RunServices, unkillable } from './run-services.ts';

/** One execution of a job, as its steps share it. */
export interface OneRun {
  job: Job;
  /** Its id, which all samples of a run have. */
  run: string;
  runFolder: string;
  services: RunServices;
  /** Filled by the steps, for the record. */
  progress: Progress;
}

type Following = Omit<ExecuteOptions, 'plan' | 'image' | 'keepAlive' | 'intend'>;

/** How the program of a run is followed, whoever started it. */
export function followingOf(one: OneRun, rules: ResultRules | undefined): Following {
  const { job, runFolder, services } = one;
  return {
    runFolder,
    engine: services.engine,
    errors: errorPatterns(job.card, services.context.values),
    ...(rules ? { alsoScan: rules.scan } : {}),
    scrubber: services.scrubber,
    liveOutput: services.settings.liveOutput,
    giveBackTo: services.giveBackTo,
    // For the record; asked while the container goes, so that it neither delays nor disturbs the model.
    onOver: () => void services.engineVersion(),
    onUnkillable: (words) => tellUnkillable(words, one),
    emit: services.emit,
    clock: services.clock,
    signal: services.signal,
    prefetch: services.prefetch,
  };
}

function tellUnkillable(words: string, { services, progress }: OneRun): void {
  progress.warnings.push(`${unkillable}: ${words}`);
  const hint = 'The next start with the same --output tries again.';
  services.emit({ type: 'notice', level: 'warning', code: 'CONTAINER_LEFT', message: words, hint });
}
