import { setTimeout as delay } from 'node:timers/promises';

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
  const deadline = performance.now() + graceMs;
  while (performance.now() < deadline) {
    if (leaderIsGone && !signalGroup(group, 0)) return;
    const rest = deadline - performance.now();
    await firstOf(
      leaderIsGone ? undefined : leaderEnded,
      Math.max(1, leaderIsGone ? Math.min(lookEveryMs, rest) : rest),
    );
  }
  signalGroup(group, 'SIGKILL');
  await firstOf(leaderEnded, afterForceMs);
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
