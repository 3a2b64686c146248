import type { Clock } from './clock.ts';

export interface RetryPolicy {
  /** Tries in all, the first one included. */
  attempts: number;
  /** Wait before the second try, milliseconds; doubled before each further one. */
  firstDelayMs: number;
  maxDelayMs: number;
  /** Whether this error is worth another try. */
  retryable(error: unknown): boolean;
  /** Told before each wait. */
  onRetry?(error: unknown, attempt: number, delayMs: number): void;
}

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
      const delayMs = Math.min(policy.firstDelayMs * 2 ** (attempt - 1), policy.maxDelayMs);
      policy.onRetry?.(error, attempt, delayMs);
      await clock.sleep(delayMs, signal);
    }
  }
}
