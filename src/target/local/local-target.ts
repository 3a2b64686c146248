import type { RunRecord } from '../../record/record-schema.ts';
import type { Job } from '../../run/job.ts';
import { type RunPlace, runJob } from '../../run/run-job.ts';
import type { RunServices } from '../../run/run-services.ts';

/** Places a job on this machine. */
export function runLocally(job: Job, services: RunServices, place: RunPlace): Promise<RunRecord> {
  return runJob(job, services, place);
}
