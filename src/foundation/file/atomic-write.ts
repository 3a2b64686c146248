import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from './errno.ts';

export interface AtomicWriteOptions {
  /** Permission bits of the file; by default those of the file that is replaced, else what the umask leaves of 666. */
  mode?: number;
  /** Write to the target of a symbolic link at `path`; by default the link itself is replaced. */
  followLink?: boolean;
  /** False for what can be made again: whole for every reader, but the power may take the newest with it. */
  durable?: boolean;
}

/**
 * Readers see the old file or the new one, never a part of it, even when the power goes. The folder must exist.
 * Errors are those of the file system, with their errno; the temporary file is gone then.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const target = options.followLink ? linkTarget(path) : path;
  const mode = options.mode ?? (await modeOf(target));
  const temporary = temporaryBeside(target);
  // "wx" makes the file itself: it never follows a link that somebody laid there.
  const file = await open(temporary, 'wx', mode ?? 0o666);
  try {
    await writeAll(file, data, mode, options.durable !== false);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  if (options.durable !== false) await syncFolder(dirname(target));
}

/** Makes the names in a folder durable: a file's own fsync does not. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems have no fsync for folders.
    if (!['EINVAL', 'ENOTSUP', 'EPERM', 'EBADF'].includes(errnoOf(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

/** A name in the folder of `path` that nobody else uses, for a file that later takes its place. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${temporaryStem(path)}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
}

/** What the names of a file's temporary files begin with. */
export function temporaryStem(path: string): string {
  // File names end at 255 bytes; the start of a long one is enough to know it by.
  const start = Buffer.from(basename(path)).subarray(0, 180).toString('latin1');
  return start.replaceAll(/[^\w.-]/g, '_');
}

/** Stem and writer of a temporary file, by its name in the folder; undefined for other files. */
export function temporaryName(name: string): { stem: string; pid: number } | undefined {
  const [, stem, pid] = /^\.(.+)\.(\d+)\.[0-9a-f]{12}\.tmp$/.exec(name) ?? [];
  return stem === undefined ? undefined : { stem, pid: Number(pid) };
}

/** The real path of a file that may not exist yet. */
export function linkTarget(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return path;
    throw error;
  }
}

async function writeAll(
  file: FileHandle,
  data: string | Uint8Array,
  mode: number | undefined,
  durable: boolean,
): Promise<void> {
  try {
    // The mode given to open() is cut by the umask.
    if (mode !== undefined) await file.chmod(mode);
    await file.writeFile(data);
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o7777;
  } catch {
    return undefined;
  }
}
