/** Temporary files that a killed process left beside the files which they would have become. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryName } from '../../foundation/file/atomic-write.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { isPidInUse } from '../../foundation/file/process-identity.ts';

export interface DeadWriter {
  /** The campaign's folder, absolute. */
  path: string;
  resultsRoot: string;
  pid: number;
}

/** In the campaign's own folders nobody but the holder of its lock writes, so that every temporary file is left over. */
export async function removeUnfinishedOf({ path, resultsRoot, pid }: DeadWriter): Promise<void> {
  const runs = join(path, 'runs');
  const folders = ['', 'host', 'context', 'environment'].map((name) => join(path, name));
  for (const run of await namesIn(runs)) folders.push(join(runs, run));
  for (const folder of folders) await removeTemporary(folder, () => true);
  // Here others are writing too: only those of a process that is gone.
  if (!isPidInUse(pid)) await removeTemporary(resultsRoot, (name) => name.pid === pid);
}

/** The caller sees to it that nobody is writing one of those that `isLeft` names. */
export async function removeTemporary(
  folder: string,
  isLeft: (name: { stem: string; pid: number }) => boolean,
): Promise<void> {
  for (const entry of await namesIn(folder)) {
    const name = temporaryName(entry);
    if (name && isLeft(name)) await rm(join(folder, entry), { force: true, recursive: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}
