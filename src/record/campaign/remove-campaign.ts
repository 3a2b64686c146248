/** Takes campaigns out of a results root: first out of sight, at once and whole, then from the disk. */
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../foundation/clock.ts';
import { MadError } from '../../foundation/error.ts';
import { syncFolder } from '../../foundation/file/atomic-write.ts';
import { lockKindFor, tryLock, withLock } from '../../foundation/file/lock.ts';
import { isId } from '../../foundation/id.ts';
import { readCampaignFile } from './campaign-file.ts';
import { campaignsFolder, lockPathOf, openFolder, unlist } from './campaign-folder.ts';
import { stateFolder } from './state-folder.ts';

/** Behind the id of a campaign from the moment it is gone for everybody until its files are; no new folder, for full disks. */
const hiddenMark = '.pruned';

/** One at a time in a results root; a second one waits. */
export const whilePruning = <T>(
  resultsRoot: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  act: () => Promise<T>,
): Promise<T> =>
  withLock(join(stateFolder(resultsRoot), 'prune.lock'), act, { clock, signal, timeoutMs: 3_600_000 });

/**
 * Takes a settled campaign out of sight; returns the reason when it may not go, as for one that was resumed just now.
 * Throws NOT_WRITABLE.
 */
export async function hideCampaign(resultsRoot: string, id: string): Promise<string | undefined> {
  const path = join(campaignsFolder(resultsRoot), id);
  await mkdir(openFolder(resultsRoot), { recursive: true });
  const lockPath = lockPathOf(resultsRoot, id);
  const lock = tryLock(lockPath, lockKindFor(lockPath));
  if (!lock) return 'it runs';
  try {
    // What it was when it was listed may be over.
    const info = await readCampaignFile(path);
    if (info && !info.settled) return 'it was taken up again';
    if (info) await hide(resultsRoot, id, path);
    await unlist(resultsRoot, id);
    return undefined;
  } finally {
    lock.release();
  }
}

async function hide(resultsRoot: string, id: string, path: string): Promise<void> {
  try {
    await rename(path, `${path}${hiddenMark}`);
    await syncFolder(campaignsFolder(resultsRoot));
  } catch (error) {
    throw new MadError('NOT_WRITABLE', `the campaign ${id} can't be removed: ${(error as Error).message}`, {
      cause: error,
      hint: 'It may belong to another user: remove it as that one.',
    });
  }
}

/** Paths of campaigns that are out of sight and not off the disk: of this process, and of any that died before. */
export async function hiddenCampaigns(resultsRoot: string): Promise<{ id: string; path: string }[]> {
  const folder = campaignsFolder(resultsRoot);
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(hiddenMark))
    .map((name) => ({ id: name.slice(0, -hiddenMark.length), path: join(folder, name) }))
    .filter(({ id }) => isId(id));
}

/** Links are removed, never followed. Throws NOT_WRITABLE; what is left then goes with the next call. */
export async function eraseHidden(resultsRoot: string): Promise<void> {
  const problems: Error[] = [];
  for (const { path } of await hiddenCampaigns(resultsRoot)) {
    await rm(path, { recursive: true, force: true, maxRetries: 2 }).catch((error: Error) => {
      problems.push(error);
    });
  }
  const [first] = problems;
  if (first) {
    throw new MadError('NOT_WRITABLE', `not all files of removed campaigns could go: ${first.message}`, {
      cause: first,
      hint: 'They may belong to another user; the next `madengine-cli runs prune` tries again.',
    });
  }
}

/** What the removal of a folder frees, in bytes on the disk; what links lead to doesn't count. */
export async function bytesIn(path: string): Promise<number> {
  const facts = await lstat(path).catch(() => undefined);
  if (!facts) return 0;
  const own = facts.nlink > 1 && !facts.isDirectory() ? 0 : facts.blocks * 512;
  if (!facts.isDirectory()) return own;
  let bytes = own;
  for (const name of await readdir(path).catch(() => [])) bytes += await bytesIn(join(path, name));
  return bytes;
}
