/** What an earlier part of a campaign leaves to do. */
import { recordsOf } from '../record/campaign-list.ts';
import type { RunRecord } from '../record/record-schema.ts';

export interface Resumed {
  /** Of the campaign. */
  id: string;
  /** Run again what failed, too. */
  rerunFailed: boolean;
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
  if (retried || failure?.class === 'interrupted' || failure?.class === 'not_run') return false;
  return !rerunFailed;
}
