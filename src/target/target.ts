/** What a target is: one folder for each, and one line in `registry.ts`. */
import type { RunRecord } from '../record/record-schema.ts';
import type { Job } from '../run/job.ts';
import type { RunPlace } from '../run/run-job.ts';
import type { RunServices } from '../run/run-services.ts';

/** A place where jobs run. */
export interface Target {
  name: string;
  /**
   * One attempt at a job, from its start to its record, which is final and on disk when this returns. Never throws for
   * what goes wrong with the job.
   */
  run(job: Job, services: RunServices, place: RunPlace): Promise<RunRecord>;
}
