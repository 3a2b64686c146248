import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../clock.ts';
import { acquireLock, type LockKind, lockKindFor, tryLock, withLock } from './lock.ts';
import { ownIdentity } from './process-identity.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  path = join(folder, 'a.lock');
});
afterEach(() => rm(folder, { recursive: true }));

/** A process of its own that takes the lock, says so, and holds it until it is killed. */
async function holder(kind: LockKind): Promise<{ pid: number; kill(): Promise<void> }> {
  const module = new URL('./lock.ts', import.meta.url).href;
  const script = `const { tryLock } = await import(${JSON.stringify(module)});
    console.log(tryLock(process.argv[1], process.argv[2]) ? 'held' : 'busy'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path, kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  expect(String(said).trim()).toBe('held');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { pid: child.pid ?? 0, kill };
}

/** A clock whose time passes only when somebody sleeps. */
function jumpingClock(): Clock {
  let time = 0;
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    time += ms / 1000 + 0.01;
  };
  return { now: () => new Date(time * 1000), monotonic: () => time, sleep };
}

describe.each<LockKind>(['kernel', 'folder'])('a lock of kind %s', (kind) => {
  test('is held by one at a time within a process, and free again after its release', () => {
    const lock = tryLock(path, kind);
    expect(lock?.path).toBe(path);
    expect(tryLock(path, kind)).toBeUndefined();
    lock?.release();
    lock?.release();
    const next = tryLock(path, kind);
    expect(next).toBeDefined();
    next?.release();
  });

  test('lets those who wait in one process in one after another', async () => {
    let inside = 0;
    const seen: number[] = [];
    const act = async (): Promise<void> => {
      seen.push(++inside);
      await systemClock.sleep(1);
      inside--;
    };
    await Promise.all(Array.from({ length: 20 }, () => withLock(path, act, { clock: systemClock, kind })));
    expect(seen).toEqual(Array.from({ length: 20 }, () => 1));
  });

  test('is released when what was done under it fails', async () => {
    const failing = withLock(path, () => Promise.reject(new Error('no')), { clock: systemClock, kind });
    await expect(failing).rejects.toThrow('no');
    expect(await withLock(path, () => 'in', { clock: systemClock, kind })).toBe('in');
  });

  test('keeps other processes out, names its holder, and is free when the holder is killed', async () => {
    const other = await holder(kind);
    try {
      expect(tryLock(path, kind)).toBeUndefined();
      const waiting = acquireLock(path, { clock: jumpingClock(), timeoutMs: 100, kind });
      await expect(waiting).rejects.toMatchObject({ code: 'LOCK_TIMED_OUT' });
      await expect(waiting).rejects.toThrow(path);
      await expect(waiting).rejects.toThrow(`process ${other.pid} `);
    } finally {
      await other.kill();
    }
    const lock = tryLock(path, kind);
    expect(lock).toBeDefined();
    lock?.release();
  });

  test('stops waiting when the signal aborts', async () => {
    const lock = tryLock(path, kind);
    const waiting = acquireLock(path, { clock: systemClock, kind, signal: AbortSignal.timeout(20) });
    await expect(waiting).rejects.toMatchObject({ name: expect.stringMatching(/Abort|Timeout/) });
    lock?.release();
  });

  test('leaves no temporary file behind', async () => {
    const lock = tryLock(path, kind);
    tryLock(path, kind);
    expect(await readdir(folder)).toEqual(['a.lock']);
    lock?.release();
  });
});

test('a kernel lock whose side file was removed by somebody is not taken for a lock', async () => {
  const lock = tryLock(path, 'kernel');
  const waiting = acquireLock(path, { clock: systemClock, kind: 'kernel' });
  await systemClock.sleep(20);
  await unlink(path);
  lock?.release();
  const next = await waiting;
  expect(tryLock(path, 'kernel')).toBeUndefined();
  next.release();
});

test('an empty side file, as a process killed in the middle leaves it, works', async () => {
  await writeFile(path, '');
  const lock = tryLock(path, 'kernel');
  expect(lock).toBeDefined();
  expect(tryLock(path, 'kernel')).toBeUndefined();
  lock?.release();
});

test('a side file with something else in it is reported with its path', async () => {
  await writeFile(path, 'not ours'.repeat(200));
  expect(() => tryLock(path, 'kernel')).toThrow(path);
});

describe('the owner record of a folder lock', () => {
  const record = async (owner: object, silentS: number): Promise<void> => {
    await mkdir(path);
    await writeFile(join(path, '0123.json'), JSON.stringify({ ...ownIdentity(), ...owner }));
    const last = new Date(Date.now() - silentS * 1000);
    await utimes(join(path, '0123.json'), last, last);
  };
  const isFree = (): boolean => {
    const lock = tryLock(path, 'folder');
    lock?.release();
    return lock !== undefined;
  };

  test('of a living process of this machine counts however long it was silent', async () => {
    await record({}, 100_000);
    expect(isFree()).toBe(false);
  });

  test('of another process with the same pid does not count', async () => {
    await record({ start_time: '1' }, 0);
    expect(isFree()).toBe(true);
  });

  test('of another machine counts as long as its heart beats', async () => {
    await record({ host: 'elsewhere', boot_id: 'other', start_time: '1' }, 100);
    expect(isFree()).toBe(false);
  });

  test('of another machine does not count after a long silence', async () => {
    await record({ host: 'elsewhere', boot_id: 'other' }, 1000);
    expect(isFree()).toBe(true);
  });

  test('that cannot be read counts by its age', async () => {
    await mkdir(path);
    await writeFile(join(path, '0123.json'), '{"ho');
    expect(isFree()).toBe(false);
  });

  test('is missing when its holder died while it was let go: the lock is free', async () => {
    await mkdir(path);
    expect(isFree()).toBe(true);
  });
});

test('a local file system gets a kernel lock', () => {
  expect(lockKindFor(path)).toBe('kernel');
});
