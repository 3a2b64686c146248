import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../clock.ts';
import { MadError } from '../error.ts';
import { kernelLockAttempt } from './kernel-lock.ts';
import type { Lock, LockAttempt } from './lock-attempt.ts';
import { networkLockAttempt } from './network-lock.ts';

export type { Lock } from './lock-attempt.ts';

/** `kernel`: a side file; `folder`: a folder with an owner record, for network file systems. */
export type LockKind = 'kernel' | 'folder';

export interface LockOptions {
  clock: Clock;
  /** A minute unless told otherwise. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Chosen by the file system unless told otherwise. All who use one lock must use one kind. */
  kind?: LockKind;
}

/**
 * A blocking wait this short is not felt, and takes over a lock sooner and with less work than any timer: fifty
 * processes with a hundred short holds each need it. Who waits for long gives the event loop most of the time.
 */
const blockMs = 25;
const shortPauseMs = 10;
const longPauseMs = 100;
const shortPauses = 20;

/** Holds the lock at `path` while `act` runs. The folder must exist; the lock's own file stays behind. */
export async function withLock<T>(path: string, act: () => T | Promise<T>, options: LockOptions): Promise<T> {
  const lock = await acquireLock(path, options);
  try {
    return await act();
  } finally {
    lock.release();
  }
}

/** Waits until the lock is free: LOCK_TIMED_OUT after `timeoutMs`, the signal's reason when it aborts. */
export async function acquireLock(path: string, options: LockOptions): Promise<Lock> {
  const { clock, timeoutMs = 60_000, signal } = options;
  const attempt = attemptAt(path, options.kind, blockMs);
  const start = clock.monotonic();
  try {
    for (let round = 0; ; round++) {
      signal?.throwIfAborted();
      const lock = attempt.take();
      if (lock) return lock;
      if ((clock.monotonic() - start) * 1000 >= timeoutMs) throw timedOut(path, timeoutMs, attempt.holder());
      // Uneven pauses, or all who wait would come back at the same moment.
      const pauseMs = round < shortPauses ? shortPauseMs : longPauseMs;
      await clock.sleep(Math.random() * pauseMs, signal);
    }
  } finally {
    attempt.giveUp();
  }
}

/** The lock if it is free at this moment, else undefined. */
export function tryLock(path: string, kind?: LockKind): Lock | undefined {
  const attempt = attemptAt(path, kind, 0);
  try {
    return attempt.take();
  } finally {
    attempt.giveUp();
  }
}

/** Who holds the lock at `path`, in words, where that can be found out. */
export const lockHolder = (path: string, kind?: LockKind): string | undefined =>
  attemptAt(path, kind, 0).holder();

/** The kind of lock that works on the file system of `path`'s folder. */
export function lockKindFor(path: string): LockKind {
  return networkFileSystems.has(statfsSync(dirname(path)).type >>> 0) ? 'folder' : 'kernel';
}

function attemptAt(path: string, kind: LockKind | undefined, blockMs: number): LockAttempt {
  return (kind ?? lockKindFor(path)) === 'folder'
    ? networkLockAttempt(path)
    : kernelLockAttempt(path, blockMs);
}

function timedOut(path: string, timeoutMs: number, holder: string | undefined): MadError {
  const by = holder === undefined ? '' : `: held by ${holder}`;
  return new MadError('LOCK_TIMED_OUT', `The lock ${path} was not free within ${timeoutMs / 1000} s${by}`, {
    hint: 'Wait for the program that holds it, or end it, then start again.',
  });
}

/** Magic numbers of statfs(2) whose locks are missing, slow, or not released when a machine dies. */
const networkFileSystems: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS
  0x00c36400, // Ceph
  0x65735546, // FUSE: sshfs, s3fs, GlusterFS, …
  0x01021997, // 9P
  0x19830326, // BeeGFS
  0xaad7aaea, // PanFS
  0x5346414f, // AFS
  0x01161970, // GFS2
  0x7461636f, // OCFS2
]);
