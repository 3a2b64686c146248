/** What an earlier part of a campaign leaves to do. */
import { recordsOf } from '../record/campaign-list.ts';
import type { RecordDraft } from '../record/record-draft.ts';
import type { RunRecord } from '../record/record-schema.ts';
import type { Job } from '../run/job.ts';
import { readStarted, type StartedProgram } from '../run/started-program.ts';

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

/** Whether a run whose container is still there can be gone on with; keeps what is needed for that. */
export function goesOn({
  jobs,
  started,
}: Resumed): (draft: RecordDraft, runFolder: string) => Promise<boolean> {
  return async ({ run, job: key }, runFolder) => {
    const job = jobs.find((one) => one.key === key);
    const program = job && (await readStarted(runFolder, job));
    if (program) started.set(run, program);
    return program !== undefined;
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
