import type { CampaignFolder } from './campaign/campaign-folder.ts';
import { noReserve, type Reserve, withReserve } from './campaign/reserve.ts';
import { perfRows } from './perf/perf-row.ts';
import type { PerfWriter } from './perf/perf-writer.ts';
import { writeRecord } from './record-file.ts';
import type { RunRecord } from './record-schema.ts';

export interface FinishedRun {
  /** Absolute path of the record. */
  record: string;
  /** The file that holds a torn line of `perf.csv` which somebody else had left, when there was one. */
  tornSaved?: string;
}

/**
 * The end of a run: its final record, then its rows. When the rows can't be written (DISK_FULL, LOCK_TIMED_OUT), the
 * record stands all the same, the campaign stays open, and the next start appends them.
 */
export async function finishRun(
  campaign: Pick<CampaignFolder, 'journal' | 'runFolder'>,
  writer: PerfWriter,
  record: RunRecord,
  reserve: Reserve = noReserve,
): Promise<FinishedRun> {
  const { run } = record;
  const path = await withReserve(reserve, async () => writeRecord(await campaign.runFolder(run), record));
  await withReserve(reserve, () => campaign.journal.append({ act: 'record.final', run }));
  const rows = perfRows(record);
  const { tornSaved } = rows.length === 0 ? {} : await withReserve(reserve, () => writer.append(rows));
  await withReserve(reserve, () => campaign.journal.append({ act: 'row.appended', run }));
  return { record: path, ...(tornSaved !== undefined && { tornSaved }) };
}
