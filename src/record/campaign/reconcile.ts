import { lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../foundation/clock.ts';
import type { Emit, EventBody } from '../../foundation/event.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { appendRows, removeUnfinishedCopies } from '../perf/perf-csv.ts';
import { countRunRows } from '../perf/perf-reader.ts';
import { perfRows } from '../perf/perf-row.ts';
import type { RecordDraft } from '../record-draft.ts';
import { hasRecord, readRecord, recordPath, writeRecord } from '../record-file.ts';
import type { RunRecord } from '../record-schema.ts';
import { readSamples } from '../sample-file.ts';
import { writeCampaignFile } from './campaign-file.ts';
import { runFolderIn, unlist } from './campaign-folder.ts';
import {
  type DeadCampaign,
  type FindOptions,
  type FoundCampaigns,
  findDeadCampaigns,
} from './dead-campaign.ts';
import { releaseRoom } from './reserve.ts';
import { removeUnfinishedOf } from './unfinished-write.ts';

export interface ReconcileOptions extends FindOptions {
  clock: Clock;
  emit: Emit;
  /**
   * Removes the campaign's containers and folders before its records are written. When it fails, records and rows are
   * still put right, and the next start tries the rest again.
   */
  cleanUp(dead: DeadCampaign): Promise<void>;
}

export interface Settled {
  campaign: string;
  /** Runs that were given a record of class `interrupted`. */
  interrupted: string[];
  /** Rows that were missing in `perf.csv`. */
  rowsAppended: number;
}

export interface ReconcileResult extends Omit<FoundCampaigns, 'dead'> {
  settled: Settled[];
}

/** At the start of every command that makes results: finishes what dead campaigns of this host left undone. */
export async function reconcile(options: ReconcileOptions): Promise<ReconcileResult> {
  const { dead, ...others } = await findDeadCampaigns(options);
  const settled: Settled[] = [];
  try {
    for (const campaign of dead) {
      try {
        settled.push(await cleanUpAndSettle(campaign, options));
      } catch (error) {
        // Its perf.csv may be full, unwritable or no perf.csv any more; that must not keep others from starting.
        others.unjudged.push({ id: campaign.id, reason: (error as Error).message });
        options.emit(failed(campaign, error));
      }
    }
  } finally {
    for (const { lock } of dead) lock.release();
  }
  return { ...others, settled };
}

function failed(dead: DeadCampaign, error: unknown): EventBody {
  const message = `The campaign ${dead.id} left rows behind that could not be added: ${(error as Error).message}`;
  const hint = 'The next start tries again.';
  return { type: 'notice', level: 'warning', code: 'RECONCILE_FAILED', message, hint };
}

async function cleanUpAndSettle(dead: DeadCampaign, options: ReconcileOptions): Promise<Settled> {
  const { emit, clock } = options;
  let isClean = true;
  try {
    await options.cleanUp(dead);
  } catch (error) {
    isClean = false;
    const message = `What the campaign ${dead.id} left could not be removed: ${(error as Error).message}`;
    emit({
      type: 'notice',
      level: 'warning',
      code: 'CLEAN_UP_FAILED',
      message,
      hint: 'The next start tries again.',
    });
  }
  const settled = await settle(dead, { clock, emit, close: isClean });
  emit({ type: 'notice', level: 'warning', code: 'CAMPAIGN_RECONCILED', message: inWords(dead, settled) });
  return settled;
}

function inWords(dead: DeadCampaign, { interrupted, rowsAppended }: Settled): string {
  if (dead.info.ended_at !== null && interrupted.length + rowsAppended === 0)
    return `The campaign ${dead.id} of ${dead.info.started_at} had ended without all of its clean-up, which was tried again`;
  const end = dead.info.ended_at === null ? 'had died' : 'had ended without all of its rows';
  return (
    `The campaign ${dead.id} of ${dead.info.started_at} ${end}: ` +
    `${interrupted.length} of its runs recorded as interrupted, ${rowsAppended} rows added to ${dead.info.perf_csv}`
  );
}

export interface SettleOptions {
  clock: Clock;
  emit: Emit;
  close?: boolean;
  keepLock?: boolean;
  /** Ids of runs that go on, and get no record yet. */
  except?: ReadonlySet<string>;
}

/**
 * Gives every run that was started a final record, every record its rows, closes the campaign unless `close` is false,
 * and lets its lock go unless `keepLock` is true and all went well. Running it again, after it was killed anywhere, changes nothing that is done already.
 */
export async function settle(dead: DeadCampaign, options: SettleOptions): Promise<Settled> {
  let isDone = false;
  try {
    await releaseRoom(dead.path);
    const interrupted = await recordInterrupted(dead, options);
    const rowsAppended = await appendMissingRows(dead, options);
    await removeUnfinishedOf({ ...dead, pid: dead.info.pid });
    if (options.close !== false) await closeDead(dead, options.clock);
    isDone = true;
    return { campaign: dead.id, interrupted, rowsAppended };
  } finally {
    if (!isDone || !options.keepLock) dead.lock.release();
  }
}

async function recordInterrupted(dead: DeadCampaign, { clock, except }: SettleOptions): Promise<string[]> {
  const interrupted: string[] = [];
  for (const entry of dead.entries) {
    if (entry.act !== 'run.started' || except?.has(entry.run)) continue;
    const folder = runFolderIn(dead.path, entry.run);
    if (await hasRecord(folder)) continue;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const record = {
      ...interruptedRecord(entry.draft, await lastSign(dead, entry.draft, clock.now())),
      samples: await readSamples(folder),
    };
    await writeRecord(folder, isFollowed(entry.draft, dead) ? { ...record, retried: true } : record);
    interrupted.push(entry.run);
  }
  return interrupted;
}

/** Whether the next attempt at its job had begun, whose record is then the one that counts. */
const isFollowed = ({ job, attempt, run }: RecordDraft, { entries }: DeadCampaign): boolean =>
  entries.some(
    (other) =>
      other.act === 'run.started' &&
      other.draft.job === job &&
      other.draft.attempt > attempt &&
      other.run !== run,
  );

function interruptedRecord(draft: RecordDraft, lastSignAt: Date): RunRecord {
  const total_s = Math.max(0, (lastSignAt.getTime() - Date.parse(draft.started_at)) / 1000);
  return {
    ...draft,
    status: 'FAILURE',
    reason: null,
    failure: {
      class: 'interrupted',
      stage: null,
      message:
        'The madengine that ran it died before the run was over; the end shown is its last sign of life',
    },
    ended_at: lastSignAt.toISOString(),
    durations: { total_s, pull_s: null, stages_s: null },
    exit_code: null,
    stages: [],
    parts: [],
    samples: [],
    metrics: [],
    artifacts: [],
    output: null,
  };
}

/** When the run was last heard of: in the journal, or by something in its folder; a model can set any time there. */
async function lastSign(dead: DeadCampaign, draft: RecordDraft, now: Date): Promise<Date> {
  const folder = runFolderIn(dead.path, draft.run);
  const noted = dead.entries
    .filter((entry) => 'run' in entry && entry.run === draft.run)
    .map(({ at }) => Date.parse(at));
  const written = await Promise.all(
    (await namesIn(folder)).map(async (name) => (await lstat(join(folder, name))).mtimeMs),
  );
  const known = [Date.parse(draft.started_at), ...noted, ...written].filter((ms) => ms <= now.getTime());
  return known.length === 0 ? now : new Date(Math.max(...known));
}

async function appendMissingRows(
  dead: DeadCampaign,
  { clock, emit }: { clock: Clock; emit: Emit },
): Promise<number> {
  const records = await readRecords(dead, emit);
  const file = join(dead.resultsRoot, dead.info.perf_csv);
  await removeUnfinishedCopies(file, { clock });
  const counts = await countRunRows(file, new Set(records.map(({ run }) => run)));
  // The rows of one run go out together, so that what is missing is their end.
  const missing = records.flatMap((record) => perfRows(record).slice(counts.get(record.run) ?? 0));
  if (missing.length > 0) await appendRows(file, missing, { clock });
  await completeFilesBeside(dead, records, { clock, emit });
  return missing.length;
}

/** The campaign would have added to them at its end. What can't be done there keeps nobody from going on. */
async function completeFilesBeside(
  dead: DeadCampaign,
  records: readonly RunRecord[],
  { clock, emit }: { clock: Clock; emit: Emit },
): Promise<void> {
  try {
    const { completeSuper } = await import('../perf/perf-super.ts');
    await completeSuper(dead.resultsRoot, records, clock);
  } catch (error) {
    const message = `perf_super.* lack results of the campaign ${dead.id}: ${(error as Error).message}`;
    emit({ type: 'notice', level: 'warning', code: 'RESULT_FILE', message });
  }
}

async function readRecords(dead: DeadCampaign, emit: Emit): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  for (const run of await namesIn(join(dead.path, 'runs'))) {
    const folder = runFolderIn(dead.path, run);
    if (!(await hasRecord(folder))) continue;
    try {
      records.push(await readRecord(recordPath(folder)));
    } catch (error) {
      const message = `A record could not be read and has no row: ${(error as Error).message}`;
      emit({ type: 'notice', level: 'warning', code: 'RECORD_UNREADABLE', message });
    }
  }
  return records;
}

async function closeDead(dead: DeadCampaign, clock: Clock): Promise<void> {
  const { info, path } = dead;
  const ended_at = info.ended_at ?? clock.now().toISOString();
  await writeCampaignFile(path, { ...info, ended_at, settled: true, note: 'reconciled' });
  await unlist(dead.resultsRoot, dead.id);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
