/**
 * A lock for file systems where the kernel's are missing or not to be trusted (NFS, SMB, Lustre, …): a folder that
 * holds one owner record. Every step is one atomic operation of the file server:
 * - taken by renaming a prepared folder to the lock's name, which succeeds only where there is none or an empty one;
 * - broken by removing the dead owner's record, by its own name, so that nobody can break what a new owner has taken;
 * - released in the same way.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { errnoOf } from './errno.ts';
import type { Lock, LockAttempt } from './lock-attempt.ts';
import { isAlive, isProcessIdentity, ownIdentity, type ProcessIdentity } from './process-identity.ts';

const heartbeatMs = 15_000;
/** An owner on another machine that was silent for so long is dead; far beyond what NFS caches a file's times for (60 s). */
const silentTooLongMs = 180_000;

export function networkLockAttempt(lockPath: string): LockAttempt {
  const path = resolve(lockPath);
  const nonce = randomBytes(8).toString('hex');
  const prepared = `${path}.${nonce}.new`;
  const ownRecord = `${nonce}.json`;

  const take = (): Lock | undefined => {
    // Looked at first, so that those who wait leave nothing behind when they are killed.
    if (recordsIn(path).some((name) => isAlive(readOwner(join(path, name))) === true)) return undefined;
    prepare(prepared, ownRecord);
    try {
      const taken =
        moveIn(prepared, path, ownRecord) ||
        (clearDead(path, prepared, ownRecord) && moveIn(prepared, path, ownRecord));
      return taken ? networkLock(path, ownRecord) : undefined;
    } finally {
      rmSync(prepared, { recursive: true, force: true });
    }
  };
  return { take, giveUp: () => {}, holder: () => holderOf(path) };
}

function prepare(folder: string, record: string): void {
  mkdirSync(folder);
  writeFileSync(join(folder, record), `${JSON.stringify(ownIdentity())}\n`);
}

function networkLock(path: string, ownRecord: string): Lock {
  const record = join(path, ownRecord);
  const heartbeat = setInterval(() => touch(record), heartbeatMs).unref();
  let held = true;
  const release = (): void => {
    if (!held) return;
    held = false;
    clearInterval(heartbeat);
    quietly(() => unlinkSync(record));
    // Fails when the next owner is in already.
    quietly(() => rmdirSync(path));
  };
  return { path, release };
}

function moveIn(prepared: string, path: string, ownRecord: string): boolean {
  try {
    renameSync(prepared, path);
    return true;
  } catch {
    // A file server whose answer got lost is asked again and then finds nothing to rename: what counts is who is inside.
    return recordsIn(path).includes(ownRecord);
  }
}

/** Whether the lock's name is free now, after dead owners' records were removed. */
function clearDead(path: string, prepared: string, ownRecord: string): boolean {
  for (const name of recordsIn(path)) {
    const record = join(path, name);
    if (!isDead(record, join(prepared, ownRecord))) return false;
    quietly(() => unlinkSync(record));
  }
  // Not every server lets a folder take the place of an empty one.
  quietly(() => rmdirSync(path));
  return true;
}

function isDead(record: string, ownRecord: string): boolean {
  const alive = isAlive(readOwner(record));
  if (alive !== undefined) return !alive;
  touch(ownRecord);
  const now = modifiedMs(ownRecord);
  const last = modifiedMs(record);
  // The file server made both times, so that clocks that differ don't matter.
  return now !== undefined && last !== undefined && now - last > silentTooLongMs;
}

function readOwner(record: string): ProcessIdentity | undefined {
  try {
    const data: unknown = JSON.parse(readFileSync(record, 'utf8'));
    return isProcessIdentity(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

function recordsIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Writes the first byte again: with utimes() the time would be this machine's, not the server's. */
function touch(record: string): void {
  quietly(() => {
    const descriptor = openSync(record, 'r+');
    try {
      writeSync(descriptor, '{', 0);
    } finally {
      closeSync(descriptor);
    }
  });
}

/** Through open(), which makes NFS ask the server again. */
function modifiedMs(record: string): number | undefined {
  let time: number | undefined;
  quietly(() => {
    const descriptor = openSync(record, 'r');
    try {
      time = fstatSync(descriptor).mtimeMs;
    } finally {
      closeSync(descriptor);
    }
  });
  return time;
}

function holderOf(path: string): string | undefined {
  const name = recordsIn(path)[0];
  const owner = name === undefined ? undefined : readOwner(join(path, name));
  return owner && `process ${owner.pid} on ${owner.host}`;
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // The next look at the folder says what is true.
  }
}
