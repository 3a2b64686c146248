/**
 * Appending to `perf.csv`, which many programs do at once and which is never read as a whole for it: under one lock,
 * read the header, mend a torn last line, append, fsync. Only a new column rewrites the file, atomically.
 */
import { closeSync, fstatSync, fsync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../foundation/clock.ts';
import { MadError } from '../../foundation/error.ts';
import { linkTarget, syncFolder, temporaryStem } from '../../foundation/file/atomic-write.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { type LockKind, lockKindFor, withLock } from '../../foundation/file/lock.ts';
import { stateFolder } from '../campaign/state-folder.ts';
import { removeTemporary } from '../campaign/unfinished-write.ts';
import { type PerfHeader, readHeader } from './perf-header.ts';
import { headerLine, perfLines } from './perf-line.ts';
import { rewriteWithColumns } from './perf-rewrite.ts';
import { type PerfRow, perfColumns } from './perf-row.ts';
import { endsWithNewline, mendTornEnd } from './perf-torn.ts';

export interface AppendOptions {
  clock: Clock;
  /** Ends the wait for the lock; what has begun to be written is finished. */
  signal?: AbortSignal;
  /** For the lock: a minute unless told otherwise. */
  timeoutMs?: number;
  /** Chosen by the file system unless told otherwise. */
  lockKind?: LockKind;
  /** False for what can be made again: it doesn't wait for the disk. */
  durable?: boolean;
}

export interface AppendResult {
  /** The file that now holds the torn last line that was cut off. */
  tornSaved?: string;
}

const sync = promisify(fsync);

/**
 * Appends all rows or none; a file that is missing is made. Columns are found by name, new ones are added at the end.
 * DISK_FULL leaves the file as it was, INVALID_FILE means that it is no `perf.csv`, LOCK_TIMED_OUT that others hold it.
 */
export async function appendRows(
  file: string,
  rows: readonly PerfRow[],
  options: AppendOptions,
): Promise<AppendResult> {
  // Through a link, so that all who reach one file by different names share its lock.
  const target = linkTarget(file);
  const { lock, waiting } = lockOf(target, options);
  // Over a network, the next to hold the lock may be another machine, which sees only what has reached the server.
  const syncUnderLock = waiting.kind === 'folder';
  try {
    const appended = await withLock(lock, () => appendUnderLock(target, rows, syncUnderLock), waiting);
    return await finished(appended, options.durable !== false);
  } catch (error) {
    throw explained(error, target);
  }
}

/** Removes the copies that writers left who were killed while they added a column. */
export async function removeUnfinishedCopies(file: string, options: AppendOptions): Promise<void> {
  const target = linkTarget(file);
  const { lock, waiting } = lockOf(target, options);
  // Who holds the lock is the only one who could be making such a copy.
  const ours = temporaryStem(target);
  await withLock(lock, () => removeTemporary(dirname(target), ({ stem }) => stem === ours), waiting);
}

function lockOf(file: string, { clock, signal, timeoutMs, lockKind }: AppendOptions) {
  const lock = join(stateFolder(dirname(file)), `${basename(file)}.lock`);
  const kind = lockKind ?? lockKindFor(lock);
  const waiting = { clock, kind, ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) };
  return { lock, waiting };
}

/** The wait for the disk, outside of the lock: the kernel then does those of many writers in one go. */
async function finished({ descriptor, result }: Appended, durable: boolean): Promise<AppendResult> {
  try {
    if (durable) await sync(descriptor);
    return result;
  } finally {
    closeSync(descriptor);
  }
}

interface Appended {
  descriptor: number;
  result: AppendResult;
}

async function appendUnderLock(
  file: string,
  rows: readonly PerfRow[],
  syncUnderLock: boolean,
): Promise<Appended> {
  // Appending mode: a program that knows nothing of our lock can't make us write over its rows.
  const descriptor = openSync(file, 'a+');
  try {
    return { descriptor, result: await appendTo(descriptor, file, rows, syncUnderLock) };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

async function appendTo(
  descriptor: number,
  file: string,
  rows: readonly PerfRow[],
  syncUnderLock: boolean,
): Promise<AppendResult> {
  const header = usableHeader(descriptor, file);
  if (!header) {
    await appendText(descriptor, newFile(rows), syncUnderLock);
    await syncFolder(dirname(file));
    return {};
  }
  const tornSaved = endsWithNewline(descriptor) ? undefined : mendTornEnd(descriptor, file, header);
  const added = newColumns(header.columns, rows);
  if (added.length > 0) await rewriteWithColumns(file, header, added, rows);
  else await appendText(descriptor, perfLines(header.columns, rows, header.lineEnd), syncUnderLock);
  return tornSaved === undefined ? {} : { tornSaved };
}

/** Undefined when there is none yet, or only the torn beginning of our own, which is then removed. */
function usableHeader(descriptor: number, file: string): PerfHeader | undefined {
  const ours = headerLine(perfColumns);
  const { size } = fstatSync(descriptor);
  if (size > 0 && size <= ours.length && ours.startsWith(textOf(descriptor, size))) {
    ftruncateSync(descriptor, 0);
    return undefined;
  }
  return readHeader(descriptor, file);
}

function textOf(descriptor: number, size: number): string {
  const bytes = Buffer.alloc(size);
  return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, size, 0));
}

function newFile(rows: readonly PerfRow[]): string {
  const columns = [...perfColumns, ...newColumns(perfColumns, rows)];
  return `${headerLine(columns)}\n${perfLines(columns, rows, '\n')}`;
}

function newColumns(columns: readonly string[], rows: readonly PerfRow[]): string[] {
  const known = new Set(columns);
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return [...names].filter((name) => !known.has(name));
}

/** One write where the system allows it. What a full disk cut short is taken back. */
async function appendText(descriptor: number, text: string, syncNow: boolean): Promise<void> {
  const { size } = fstatSync(descriptor);
  const bytes = Buffer.from(text, 'utf8');
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
    if (syncNow) await sync(descriptor);
  } catch (error) {
    ftruncateSync(descriptor, size);
    throw error;
  }
}

function explained(error: unknown, file: string): unknown {
  const errno = errnoOf(error);
  if (error instanceof MadError || errno === undefined) return error;
  // EFBIG: a limit on the size of files (ulimit -f).
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(errno)) {
    return new MadError('DISK_FULL', `${file} could not be written: ${errno}; it stands as it was before`, {
      hint: 'Free some disk space; the next start adds the missing rows from their records.',
      cause: error,
    });
  }
  if (['EACCES', 'EPERM', 'EROFS', 'EISDIR'].includes(errno)) {
    return new MadError('NOT_WRITABLE', `${file} could not be written: ${(error as Error).message}`, {
      hint: 'Check owner and permissions of that file, or choose another one with --output.',
      cause: error,
    });
  }
  return error;
}
