import type { Clock } from './clock.ts';

export interface BackOff {
  /** Wait before the second try, milliseconds; doubled before each further one. */
  firstDelayMs: number;
  maxDelayMs: number;
}

export interface RetryPolicy extends BackOff {
  /** Tries in all, the first one included. */
  attempts: number;
  /** Whether this error is worth another try. */
  retryable(error: unknown): boolean;
  /** Told before each wait. */
  onRetry?(error: unknown, attempt: number, delayMs: number): void;
}

/** The wait behind so many tries. */
export const backOffMs = (tries: number, { firstDelayMs, maxDelayMs }: BackOff): number =>
  Math.min(firstDelayMs * 2 ** (tries - 1), maxDelayMs);

/** Runs `act` until it succeeds, the error is not retryable, the tries are used up, or the signal aborts. */
export async function retry<T>(
  act: (attempt: number) => Promise<T>,
  policy: RetryPolicy,
  clock: Clock,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act(attempt);
    } catch (error) {
      if (attempt >= policy.attempts || signal?.aborted || !policy.retryable(error)) throw error;
      const delayMs = backOffMs(attempt, policy);
      policy.onRetry?.(error, attempt, delayMs);
      await clock.sleep(delayMs, signal);
    }
  }
}
