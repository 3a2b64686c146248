import type { RunRecord } from '../../record/record-schema.ts';
import type { Job } from '../../run/job.ts';
import type { RunServices } from '../../run/run-services.ts';
import type { Skip } from '../../run/skip-reason.ts';
import type { Target } from '../../target/target.ts';
import type { Entry } from './entry.ts';
import type { Limits } from './place-jobs.ts';

/** What `runJobs` is asked for. */
export interface JobsToRun {
  target: Target;
  jobs: readonly Job[];
  /** Whether an earlier process of the campaign was through with it. */
  isDone?(job: Job): boolean;
  /** Attempts of earlier processes. */
  attemptsBefore?(job: Job): number;
  /** The attempt that an earlier process began, and whose program still runs. */
  goingOn?(job: Job): Pick<Entry, 'begun' | 'started'> | undefined;
  /** Jobs at the same time. */
  limits: Limits;
  /** Further attempts at a job. */
  retries: number;
  skipOf(job: Job): Skip | undefined;
  /** Their signal ends what runs; what has not begun by then is left. */
  services: RunServices;
  /** Gets the last record of each job. */
  keep(record: RunRecord, entry: Entry): void | Promise<void>;
  /** Records a job that does not run any more. */
  leave(entry: Entry): Promise<void>;
}
