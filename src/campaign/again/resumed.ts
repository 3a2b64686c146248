/** What an earlier part of a campaign leaves to do. */
import { recordsOf } from '../../record/campaign/campaign-list.ts';
import type { RunRecord } from '../../record/record-schema.ts';
import type { Job } from '../../run/job.ts';
import { readStarted, type StartedProgram } from '../../run/started-program.ts';
import type { MayGoOn } from './take-over.ts';

export interface Resumed {
  /** Of the campaign. */
  id: string;
  /** What it was to run; a container of one of these may be gone on with. */
  jobs: readonly Job[];
  /** Run again what failed, too. */
  rerunFailed: boolean;
  /** Programs that an earlier process started, by the ids of their runs: filled when the campaign is taken over. */
  started: Map<string, StartedProgram>;
}

/** A run can be gone on with while its program runs, or has noted its end; keeps what is needed for that. */
export function goesOn({ jobs, started }: Resumed): MayGoOn {
  return async ({ run, job: key }, { runFolder, isThere }) => {
    const job = jobs.find((one) => one.key === key);
    const program = job && (await readStarted(runFolder, job));
    if (!program || !(isThere || program.isOver)) return false;
    started.set(run, program);
    return true;
  };
}

/** The last attempt at each job, by the job's key. */
export type LastAttempts = ReadonlyMap<string, RunRecord>;

export async function lastAttempts(campaignFolder: string): Promise<LastAttempts> {
  const last = new Map<string, RunRecord>();
  for (const record of (await recordsOf(campaignFolder)).records) {
    const earlier = last.get(record.job);
    if (!earlier || earlier.attempt <= record.attempt) last.set(record.job, record);
  }
  return last;
}

/** Whether a job is over with this record. One that was stopped from outside, or never begun, is not. */
export function isOver({ status, failure, retried }: RunRecord, { rerunFailed }: Resumed): boolean {
  if (status !== 'FAILURE') return true;
  if (retried || failure?.at_deadline) return false;
  if (failure?.class === 'interrupted' || failure?.class === 'not_run') return false;
  return !rerunFailed;
}
