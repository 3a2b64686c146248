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

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now() / 1000,
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : undefined);
  },
};
