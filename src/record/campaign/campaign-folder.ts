import { createHash } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Clock } from '../../foundation/clock.ts';
import { MadError } from '../../foundation/error.ts';
import { syncFolder, writeFileAtomic } from '../../foundation/file/atomic-write.ts';
import { acquireLock, type Lock, type LockKind } from '../../foundation/file/lock.ts';
import { ownIdentity } from '../../foundation/file/process-identity.ts';
import { isId } from '../../foundation/id.ts';
import { type CampaignInfo, writeCampaignFile } from './campaign-file.ts';
import { type Journal, openJournal } from './journal.ts';
import { releaseRoom } from './reserve.ts';
import { stateFolder } from './state-folder.ts';

export interface CampaignOptions {
  /** Absolute folder of `--output`; made when it is missing. */
  resultsRoot: string;
  /** File name of `--output`. */
  perfCsv: string;
  id: string;
  /** `build`, `run`, … */
  command: string;
  /** Scrubbed. */
  argv: readonly string[];
  version: string;
  host: string;
  clock: Clock;
  /** Chosen by the file system unless told otherwise. */
  lockKind?: LockKind;
}

/** The folder of a campaign that this process runs; its lock lives until `close` or the end of the process. */
export interface CampaignFolder {
  readonly id: string;
  /** `<results root>/.madengine/campaigns/<id>`, mode 700. */
  readonly path: string;
  readonly resultsRoot: string;
  /** Absolute path of the `perf.csv` that its rows go to. */
  readonly perfCsv: string;
  readonly journal: Journal;
  /** The folder of a run, made when it is missing. */
  runFolder(run: string): Promise<string>;
  /** Stores plain data once per content and returns its SHA-256 in hex; it lies in `<kind>/<hash>.json`. */
  storeByHash(kind: 'host' | 'context', data: unknown): Promise<string>;
  /**
   * Ends the campaign. When a run that was started or recorded has no `row.appended` in the journal, or `settled` is
   * false (something outside could not be cleaned up), the next start puts right what is missing.
   */
  close(ending: { exitCode: number; settled?: boolean }): Promise<void>;
}

export const campaignsFolder = (resultsRoot: string): string => join(stateFolder(resultsRoot), 'campaigns');

/**
 * A mark, named by its id, and a lock for each campaign that is not settled, so that a start looks at those alone,
 * however many there were. The locks lie outside the campaign folders because reading a locked file can lose the lock.
 */
export const openFolder = (resultsRoot: string): string => join(stateFolder(resultsRoot), 'open');

export const lockPathOf = (resultsRoot: string, id: string): string =>
  join(openFolder(resultsRoot), `${id}.lock`);

/** Takes a settled campaign off the list; by the holder of its lock, who lets it go afterwards. */
export async function unlist(resultsRoot: string, id: string): Promise<void> {
  await rm(join(openFolder(resultsRoot), id), { force: true });
  await rm(lockPathOf(resultsRoot, id), { recursive: true, force: true });
}

export const runFolderIn = (campaign: string, run: string): string => join(campaign, 'runs', run);

export async function createCampaign(options: CampaignOptions): Promise<CampaignFolder> {
  const { id, clock } = options;
  const resultsRoot = resolve(options.resultsRoot);
  if (!isId(id)) throw new MadError('INTERNAL', `${id} is no campaign id`);
  const path = join(campaignsFolder(resultsRoot), id);
  await mkdir(openFolder(resultsRoot), { recursive: true });
  // One that looks at this very moment may hold it for an instant.
  const lock = await acquireLock(lockPathOf(resultsRoot, id), {
    clock,
    timeoutMs: 10_000,
    ...(options.lockKind && { kind: options.lockKind }),
  });
  // From here on a later start finds what we leave if we die.
  await writeFile(join(openFolder(resultsRoot), id), '');
  await mkdir(campaignsFolder(resultsRoot), { recursive: true });
  await mkdir(join(path, 'runs'), { recursive: true, mode: 0o700 });
  const info = firstInfo(options, resultsRoot);
  await Promise.all([writeCampaignFile(path, info), syncFolder(campaignsFolder(resultsRoot))]);
  return heldCampaign({ path, info, resultsRoot, lock, clock });
}

export interface ReopenOptions {
  /** Absolute, as it is now. */
  resultsRoot: string;
  info: CampaignInfo;
  /** The campaign's, held by the caller; let go when the campaign closes. */
  lock: Lock;
  /** Ids of runs that go on; all others have a record and their rows. */
  goingOn: Iterable<string>;
  version: string;
  host: string;
  clock: Clock;
}

/** Goes on with a campaign that is over or died. */
export async function reopenCampaign(options: ReopenOptions): Promise<CampaignFolder> {
  const { resultsRoot, lock, clock, host, version } = options;
  const { id } = options.info;
  const path = join(campaignsFolder(resultsRoot), id);
  await writeFile(join(openFolder(resultsRoot), id), '');
  const { pid, boot_id } = ownIdentity();
  const resumed_at = [...(options.info.resumed_at ?? []), clock.now().toISOString()];
  const info: CampaignInfo = {
    ...options.info,
    ...{ pid, boot_id, host, madengine_version: version, results_root: resultsRoot, resumed_at },
    ...{ ended_at: null, exit_code: null, settled: false, note: null },
  };
  await writeCampaignFile(path, info);
  return heldCampaign({ path, info, resultsRoot, lock, clock, goingOn: options.goingOn });
}

interface Held {
  path: string;
  info: CampaignInfo;
  resultsRoot: string;
  lock: Lock;
  clock: Clock;
  goingOn?: Iterable<string>;
}

async function heldCampaign({
  path,
  info,
  resultsRoot,
  lock,
  clock,
  goingOn,
}: Held): Promise<CampaignFolder> {
  const { id } = info;
  const { journal, unfinished } = watched(await openJournal(join(path, 'journal.ndjson'), clock), goingOn);

  const close = async (ending: { exitCode: number; settled?: boolean }): Promise<void> => {
    await journal.close();
    // Where something failed before the runs, nobody has given it back.
    await releaseRoom(path);
    const settled = ending.settled !== false && unfinished.size === 0;
    const ended_at = clock.now().toISOString();
    await writeCampaignFile(path, { ...info, ended_at, exit_code: ending.exitCode, settled });
    // While the lock is still held, so that nobody takes a closed campaign for a dead one.
    if (settled) await unlist(resultsRoot, id);
    lock.release();
  };
  return {
    id,
    path,
    resultsRoot,
    perfCsv: join(resultsRoot, info.perf_csv),
    journal,
    runFolder: (run) => makeRunFolder(path, run),
    storeByHash: (kind, data) => storeByHash(join(path, kind), data),
    close,
  };
}

function firstInfo(options: CampaignOptions, resultsRoot: string): CampaignInfo {
  const { pid, boot_id } = ownIdentity();
  return {
    schema: 'madengine.campaign/1',
    id: options.id,
    command: options.command,
    argv: [...options.argv],
    madengine_version: options.version,
    host: options.host,
    boot_id,
    pid,
    results_root: resultsRoot,
    perf_csv: basename(options.perfCsv),
    started_at: options.clock.now().toISOString(),
    ended_at: null,
    exit_code: null,
    settled: false,
    note: null,
  };
}

/** Keeps in mind which runs have begun to have a result, and don't have its rows in `perf.csv` yet. */
function watched(
  journal: Journal,
  goingOn: Iterable<string> = [],
): { journal: Journal; unfinished: ReadonlySet<string> } {
  const unfinished = new Set<string>(goingOn);
  const append: Journal['append'] = async (act) => {
    if (act.act === 'run.started' || act.act === 'record.final') unfinished.add(act.run);
    await journal.append(act);
    if (act.act === 'row.appended') unfinished.delete(act.run);
  };
  return { journal: { append, close: journal.close }, unfinished };
}

async function makeRunFolder(campaign: string, run: string): Promise<string> {
  if (!isId(run)) throw new MadError('INTERNAL', `${run} is no run id`);
  const folder = runFolderIn(campaign, run);
  const isNew = (await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined;
  if (isNew) await syncFolder(join(campaign, 'runs'));
  return folder;
}

async function storeByHash(folder: string, data: unknown): Promise<string> {
  const text = `${JSON.stringify(sorted(data), null, 2)}\n`;
  const hash = createHash('sha256').update(text).digest('hex');
  const path = join(folder, `${hash}.json`);
  await mkdir(folder, { recursive: true });
  const isThere = await stat(path).catch(() => undefined);
  if (!isThere) await writeFileAtomic(path, text);
  return hash;
}

/** The same data with every object's keys in order, so that equal data has an equal hash. */
function sorted(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(sorted);
  if (typeof data !== 'object' || data === null) return data;
  const plain: unknown = 'toJSON' in data && typeof data.toJSON === 'function' ? data.toJSON() : data;
  if (plain !== data) return sorted(plain);
  const entries = Object.entries(data).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, value]) => [key, sorted(value)]));
}
