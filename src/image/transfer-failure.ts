import type { Clock } from '../foundation/clock.ts';
import { MadError } from '../foundation/error.ts';
import { type RetryPolicy, retry } from '../foundation/retry.ts';
import { isTransient, TransferError, type TransferProblem } from '../machine/engine/transfer-error.ts';

/** A push or pull that did not work, as records and events hold it. */
export interface TransferFailure {
  class: 'push' | 'pull' | 'engine' | 'disk_full' | 'interrupted';
  /** `login`, `tag`, `push`, `pull` or `inspect`. */
  stage: string;
  /** What failed, and what to do. */
  message: string;
  /** Another try could not help. */
  permanent?: true;
}

/** Tries up to three times, 1 and 2 seconds apart, while it is the network or the registry that fails. */
export function retryTransfer<T>(
  act: () => Promise<T>,
  clock: Clock,
  signal: AbortSignal,
  onRetry: NonNullable<RetryPolicy['onRetry']>,
): Promise<T> {
  const policy = { attempts: 3, firstDelayMs: 1000, maxDelayMs: 10_000, retryable: isTransient, onRetry };
  return retry(act, policy, clock, signal);
}

export function transferFailure(kind: 'push' | 'pull', stage: string, error: unknown): TransferFailure {
  const text = error instanceof Error ? error.message : String(error);
  const hint = error instanceof MadError ? error.hint : undefined;
  return {
    class: classOf(kind, error),
    stage,
    message: hint ? `${text.replace(/\.?$/, '.')} ${hint}` : text,
    ...(error instanceof TransferError && permanentProblems.has(error.problem) ? { permanent: true } : {}),
  };
}

const permanentProblems: ReadonlySet<TransferProblem> = new Set(['unauthorized', 'not-found', 'certificate']);

function classOf(kind: 'push' | 'pull', error: unknown): TransferFailure['class'] {
  if (!(error instanceof MadError)) return kind;
  if (error.code === 'INTERRUPTED') return 'interrupted';
  if (error.code === 'ENGINE_UNAVAILABLE') return 'engine';
  const full =
    error.code === 'DISK_FULL' || (error instanceof TransferError && error.problem === 'disk-full');
  return full ? 'disk_full' : kind;
}

/** For notices about what is tried again. */
export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
