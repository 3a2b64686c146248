import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, sep } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { type Lock, type LockKind, lockKindFor, tryLock } from '../../foundation/file/lock.ts';
import { isId } from '../../foundation/id.ts';
import { type CampaignInfo, readCampaignFile } from './campaign-file.ts';
import { campaignsFolder, lockPathOf, openFolder, unlist } from './campaign-folder.ts';
import { type JournalEntry, readJournal } from './journal.ts';
import { stateFolderIfThere } from './state-folder.ts';

/** A campaign whose process is gone, and which this process holds the lock of until it is settled or let go. */
export interface DeadCampaign {
  readonly id: string;
  readonly path: string;
  readonly resultsRoot: string;
  readonly info: CampaignInfo;
  readonly entries: readonly JournalEntry[];
  /** Containers that may still be there; those kept on purpose are not among them. */
  readonly containers: readonly { run: string; name: string; engine: string }[];
  /** Folders of the campaign that must go: with secrets, or of single runs. */
  readonly folders: readonly string[];
  readonly lock: Lock;
}

export interface FoundCampaigns {
  dead: DeadCampaign[];
  /** Ids of campaigns that run now. */
  live: string[];
  /** Left alone, with the reason in words. */
  unjudged: { id: string; reason: string }[];
}

export interface FindOptions {
  resultsRoot: string;
  /** This host's name: on a shared file system, the dead of other hosts are theirs. */
  host: string;
  /** Chosen by the file system unless told otherwise. */
  lockKind?: LockKind;
}

/** Claims the dead campaigns of this host. Costs one look at a folder when there is none, however long the history. */
export async function findDeadCampaigns(options: FindOptions): Promise<FoundCampaigns> {
  const found: FoundCampaigns = { dead: [], live: [], unjudged: [] };
  for (const id of await openIds(options.resultsRoot)) {
    try {
      await judge(id, options, found);
    } catch (error) {
      // Another user's, or one that a later version wrote.
      if (!(error instanceof MadError) && errnoOf(error) === undefined) throw error;
      found.unjudged.push({ id, reason: (error as Error).message });
    }
  }
  return found;
}

async function openIds(resultsRoot: string): Promise<string[]> {
  if (!stateFolderIfThere(resultsRoot)) return [];
  try {
    const names = await readdir(openFolder(resultsRoot));
    const ids = new Set(names.map((name) => basename(name, '.lock')));
    return [...ids].filter((id) => isId(id)).toSorted();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function judge(id: string, options: FindOptions, found: FoundCampaigns): Promise<void> {
  const { resultsRoot, host } = options;
  const kind = options.lockKind ?? lockKindFor(lockPathOf(resultsRoot, id));
  const path = join(campaignsFolder(resultsRoot), id);
  const owner = kind === 'folder' ? (await readCampaignFile(path))?.host : undefined;
  if (owner !== undefined && owner !== host) {
    found.unjudged.push({ id, reason: `it ran on ${owner}` });
    return;
  }
  const lock = tryLock(lockPathOf(resultsRoot, id), kind);
  if (!lock) {
    found.live.push(id);
    return;
  }
  const claimed = await claim(id, path, resultsRoot, lock).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  if (claimed) found.dead.push(claimed);
  else lock.release();
}

/**
 * One campaign, over or dead, for the caller to go on with; undefined while it runs. Throws FILE_NOT_FOUND where there is
 * none.
 */
export async function claimCampaign(
  options: FindOptions & { id: string },
): Promise<DeadCampaign | undefined> {
  const { resultsRoot, id } = options;
  const path = join(campaignsFolder(resultsRoot), id);
  const read = async (): Promise<CampaignInfo> => {
    const info = await readCampaignFile(path);
    if (info) return info;
    throw new MadError('FILE_NOT_FOUND', `there is no campaign ${id} in ${resultsRoot}`);
  };
  await read();
  await mkdir(openFolder(resultsRoot), { recursive: true });
  const lock = tryLock(
    lockPathOf(resultsRoot, id),
    options.lockKind ?? lockKindFor(lockPathOf(resultsRoot, id)),
  );
  if (!lock) return undefined;
  try {
    const entries = await readJournal(join(path, 'journal.ndjson'));
    // Another start may have settled it between the two looks, or removed it.
    const info = await read();
    return { id, path, resultsRoot, info, entries, ...leftovers(entries, path, info), lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Undefined when it was settled while we looked, or its process died before it did anything. */
async function claim(
  id: string,
  path: string,
  resultsRoot: string,
  lock: Lock,
): Promise<DeadCampaign | undefined> {
  const info = await readCampaignFile(path);
  if (!info || info.settled) {
    // Without its first file it did nothing yet, and its folder says nothing to anybody.
    if (!info) await rm(path, { recursive: true, force: true });
    await unlist(resultsRoot, id);
    return undefined;
  }
  const entries = await readJournal(join(path, 'journal.ndjson'));
  return { id, path, resultsRoot, info, entries, ...leftovers(entries, path, info), lock };
}

function leftovers(
  entries: readonly JournalEntry[],
  path: string,
  info: CampaignInfo,
): Pick<DeadCampaign, 'containers' | 'folders'> {
  const containers = new Map<string, { run: string; name: string; engine: string }>();
  const folders = new Set<string>();
  for (const entry of entries) {
    if (entry.act === 'container.create') {
      containers.set(entry.name, { run: entry.run, name: entry.name, engine: entry.engine });
    } else if (entry.act === 'container.removed' || entry.act === 'container.keep') {
      containers.delete(entry.name);
    } else if (entry.act === 'secrets.dir' || entry.act === 'work.dir') {
      folders.add(entry.path);
    } else if (entry.act === 'dir.removed') {
      folders.delete(entry.path);
    }
  }
  // As it was then: the results root may have been moved since.
  const pathThen = join(campaignsFolder(info.results_root), info.id);
  const within = [...folders].map((folder) => relative(pathThen, folder)).filter(isBelow);
  return { containers: [...containers.values()], folders: within.map((folder) => join(path, folder)) };
}

/** People share results roots, so no journal may name anything outside of its campaign for removal. */
const isBelow = (path: string): boolean => path !== '' && !isAbsolute(path) && path.split(sep)[0] !== '..';
