/**
 * A lock that the kernel releases when its holder dies: an SQLite transaction on a side file (`fcntl` below it). Those
 * locks belong to the process, so SQLite's own book-keeping is what keeps two holders within one process apart, and
 * nothing else may open the side file while it is held: closing any descriptor of it would drop the lock.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { MadError } from '../error.ts';
import { temporaryBeside } from './atomic-write.ts';
import { errnoOf } from './errno.ts';
import type { Lock, LockAttempt } from './lock-attempt.ts';
import { loadSqlite } from './sqlite.ts';

/**
 * What this process holds: waiting for ourselves in a blocking call would be in vain. A connection that nothing refers
 * to would also be closed by the garbage collector, and the lock with it.
 */
const heldHere = new Map<string, DatabaseSync>();

/** SQLite's result codes (https://www.sqlite.org/rescode.html). */
const busy = 5;
const readOnly = 8;
const cannotOpen = 14;

interface SideFile {
  path: string;
  database: DatabaseSync;
  inode: number | undefined;
  blockMs: number;
}

/**
 * The side file that was let go last stays open: who appends row after row to one file needs the same lock each time,
 * and opening takes most of the work.
 */
let kept: SideFile | undefined;

export function kernelLockAttempt(lockPath: string, blockMs: number): LockAttempt {
  const path = resolve(lockPath);
  let open: SideFile | undefined;

  const take = (): Lock | undefined => {
    if (heldHere.has(path)) return undefined;
    open ??= keptFor(path, blockMs) ?? openSideFile(path, blockMs);
    if (!begin(open.database, path)) return undefined;
    const sideFile = open;
    open = undefined;
    // Somebody removed or replaced the file while we waited: ours is a lock on a file that no one else will find.
    if (inodeOf(path) !== sideFile.inode) {
      sideFile.database.close();
      return undefined;
    }
    return kernelLock(sideFile);
  };
  const giveUp = (): void => {
    open?.database.close();
    open = undefined;
  };
  return { take, giveUp, holder: () => holderOf(path) };
}

function kernelLock(sideFile: SideFile): Lock {
  const { path, database } = sideFile;
  heldHere.set(path, database);
  const release = (): void => {
    if (heldHere.get(path) !== database) return;
    heldHere.delete(path);
    // Nothing was written in the transaction.
    database.exec('ROLLBACK');
    kept?.database.close();
    kept = sideFile;
  };
  return { path, release };
}

function keptFor(path: string, blockMs: number): SideFile | undefined {
  if (kept?.path !== path || kept.blockMs !== blockMs || kept.inode !== inodeOf(path)) return undefined;
  const sideFile = kept;
  kept = undefined;
  return sideFile;
}

function openSideFile(path: string, blockMs: number): SideFile {
  const { DatabaseSync } = loadSqlite();
  if (inodeOf(path) === undefined) createSideFile(path);
  const inode = inodeOf(path);
  try {
    return { path, database: new DatabaseSync(withoutCreating(path), { timeout: blockMs }), inode, blockMs };
  } catch (error) {
    throw explained(error, path);
  }
}

/** Linux refuses to open files of others in a sticky folder when it might create them (fs.protected_regular). */
function withoutCreating(path: string): URL {
  const url = pathToFileURL(path);
  url.searchParams.set('mode', 'rw');
  return url;
}

/** Makes the side file of a lock for all users of this machine, unless there is one; it appears with its mode. */
export function makeSharedSideFile(path: string): void {
  if (inodeOf(path) !== undefined) return;
  const temporary = temporaryBeside(path);
  createSideFile(temporary);
  try {
    // The mode given to `open` would be cut by the umask.
    chmodSync(temporary, 0o666);
    linkSync(temporary, path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function begin(database: DatabaseSync, path: string): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (resultCode(error) === busy) return false;
    throw explained(error, path);
  }
}

/**
 * With this, SQLite takes the lock without making a journal beside the file: in an empty file it would begin to write
 * the first page. A file that stayed empty works too. "ax" opens nothing that exists, see above.
 */
function createSideFile(path: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'ax');
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    throw error;
  }
  try {
    writeSync(descriptor, emptyDatabase());
  } finally {
    closeSync(descriptor);
  }
}

/** One page of 512 bytes, see https://www.sqlite.org/fileformat2.html. */
function emptyDatabase(): Buffer {
  const page = Buffer.alloc(512);
  page.write('SQLite format 3\0', 'latin1');
  page.writeUInt16BE(512, 16);
  page.set([1, 1, 0, 64, 32, 32], 18);
  // Change counter and the version that it is valid for, pages, schema format 4, UTF-8.
  for (const [offset, value] of [
    [24, 1],
    [28, 1],
    [44, 4],
    [56, 1],
    [92, 1],
  ] as const) {
    page.writeUInt32BE(value, offset);
  }
  // A table leaf without cells, its content area beginning at the page's end.
  page.writeUInt8(13, 100);
  page.writeUInt16BE(512, 105);
  return page;
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function resultCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown }).errcode;
  // The lower byte is the primary code, the rest says more.
  return typeof code === 'number' ? code & 0xff : undefined;
}

function explained(error: unknown, path: string): unknown {
  const code = resultCode(error);
  if (code !== readOnly && code !== cannotOpen) {
    return new MadError('INTERNAL', `The lock file ${path} cannot be used: ${(error as Error).message}`, {
      hint: 'Remove that file when no madengine is running; it holds no data.',
      cause: error,
    });
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (reason) {
    return reason;
  }
  return error;
}

/** Linux lists every lock of this pid namespace: `1: POSIX  ADVISORY  WRITE 4711 fe:00:9977924 1073741824 …`. */
function holderOf(path: string): string | undefined {
  if (heldHere.has(path)) return `this process (${process.pid})`;
  try {
    const line = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .find((text) => /\bPOSIX\b.*\bWRITE\b/.test(text) && text.includes(`:${inodeOf(path)} `));
    const pid = line?.trim().split(/\s+/)[4];
    if (pid === undefined || !/^[1-9]\d*$/.test(pid)) return undefined;
    return `process ${pid} (${programOf(pid)})`;
  } catch {
    return undefined;
  }
}

/** Not its arguments, which may be secrets; of a Node.js program, which thread names would hide, the script. */
function programOf(pid: string): string {
  const [program = '', ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const script = words.find((word) => !word.startsWith('-'));
  const isNode = /^node/.test(basename(program)) && script !== undefined && script !== '';
  return (isNode ? basename(script) : basename(program)).replace(/\p{Cc}/gu, '?').slice(0, 60);
}
