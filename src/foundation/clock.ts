import { setTimeout as delay } from 'node:timers/promises';

/** Time as a dependency, so that tests can inject their own. */
export interface Clock {
  /** Wall-clock time. */
  now(): Date;
  /** Monotonic seconds; only differences mean something. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Timers hold 2^31 ms at most, some 24 days. */
const longestTimerMs = 2 ** 31 - 1;

/** Any number of seconds; like `Clock.sleep`. */
export async function sleepLong(clock: Clock, seconds: number, signal: AbortSignal): Promise<void> {
  for (let leftMs = seconds * 1000; leftMs > 0; leftMs -= longestTimerMs) {
    await clock.sleep(Math.min(leftMs, longestTimerMs), signal);
  }
}

/** Monotonic milliseconds. Not `performance.now()`: the first use of it loads ten modules of Node.js at each start. */
export const monotonicMs = (): number => process.uptime() * 1000;

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => process.uptime(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : undefined);
  },
};
