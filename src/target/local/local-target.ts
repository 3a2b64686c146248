import type { RunRecord } from '../../record/record-schema.ts';
import type { Job } from '../../run/job.ts';
import { runJob } from '../../run/run-job.ts';
import type { RunServices } from '../../run/run-services.ts';
import type { Skip } from '../../run/skip-reason.ts';

export interface LocalPlace {
  skip: Skip | undefined;
  /** Counts from 1. */
  position: number;
  total: number;
}

/** Places a job on this machine. */
export function runLocally(job: Job, services: RunServices, place: LocalPlace): Promise<RunRecord> {
  return runJob(job, services, place);
}
