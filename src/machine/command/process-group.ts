import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../foundation/clock.ts';

/** How often a group that was asked to end is looked at. */
const lookEveryMs = 20;
/** After SIGKILL only a process that hangs in the kernel (a dead GPU, a lost file server) is still there. */
const afterForceMs = 2000;

/** Whether the signal found anybody; signal 0 only asks. Ended processes that nobody has collected count too. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    // EPERM: somebody is there, but under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Ends a process group: politely first, by force after `graceMs`. Resolves when nobody of it is left, or when waiting
 * longer makes no sense. The leader must be a child of ours that has not been collected before this call.
 */
export async function endGroup(group: number, graceMs: number, leaderEnded: Promise<unknown>): Promise<void> {
  signalGroup(group, 'SIGTERM');
  // A stopped process would see the first signal only when it goes on.
  signalGroup(group, 'SIGCONT');
  let leaderIsGone = false;
  void leaderEnded.then(() => {
    leaderIsGone = true;
  });
  const deadline = monotonicMs() + graceMs;
  while (monotonicMs() < deadline) {
    if (leaderIsGone && !(await isAnybodyLeft(group))) return;
    const rest = deadline - monotonicMs();
    await firstOf(
      leaderIsGone ? undefined : leaderEnded,
      Math.max(1, leaderIsGone ? Math.min(lookEveryMs, rest) : rest),
    );
  }
  signalGroup(group, 'SIGKILL');
  await firstOf(leaderEnded, afterForceMs);
}

/**
 * Whether a process of the group still runs. Ended children of an ended leader stay until the first process of the
 * machine collects them, which takes a second or more in some containers, so they don't count.
 */
async function isAnybodyLeft(group: number): Promise<boolean> {
  if (!signalGroup(group, 0)) return false;
  const names = await readdir('/proc').catch(() => undefined);
  if (names === undefined) return true;
  const stats = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')),
  );
  return stats.some((stat) => {
    // `pid (name) state parent group …`; the name may hold anything (proc(5)).
    const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(itsGroup) === group && state !== 'Z' && state !== 'X';
  });
}

/** Resolves with whether the promise did within that time; leaves no timer behind. */
export async function firstOf(promise: Promise<unknown> | undefined, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const late = delay(ms, false, { signal: timer.signal }).catch(() => false);
  try {
    return promise === undefined ? await late : await Promise.race([promise.then(() => true), late]);
  } finally {
    timer.abort();
  }
}
