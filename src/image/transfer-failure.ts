import type { Clock } from '../foundation/clock.ts';
import { MadError } from '../foundation/error.ts';
import { type RetryPolicy, retry } from '../foundation/retry.ts';

/** Why a push or a pull did not work, as far as its next step depends on it. */
export type TransferProblem = 'refused' | 'network' | 'missing' | 'disk_full' | 'interrupted' | 'other';

const refused =
  /unauthori[sz]ed|authentication required|denied|forbidden|no basic auth|insufficient_scope|incorrect username|\b40[13]\b/i;
const missing = /not found|manifest unknown|name unknown|no such image|does not exist|\b404\b/i;
const diskFull = /no space left on device|disk quota exceeded/i;
const network =
  /time(?:d)? ?out|deadline exceeded|connection (?:refused|reset|closed)|connect: |\bEOF\b|broken pipe|no such host|temporary failure|server misbehaving|network is unreachable|no route to host|tls handshake|bad gateway|service unavailable|internal server error|gateway time|too many requests|toomanyrequests|\b(?:429|50[0-4])\b|stream error|http2: /i;

/** Reads an engine's words; refusals go before everything, because another try can lock an account. */
export function transferProblem(error: unknown): TransferProblem {
  if (error instanceof MadError && error.code === 'INTERRUPTED') return 'interrupted';
  if (error instanceof MadError && error.code === 'DISK_FULL') return 'disk_full';
  if (error instanceof MadError && error.code === 'COMMAND_TIMED_OUT') return 'network';
  const text = error instanceof Error ? error.message : String(error);
  if (diskFull.test(text)) return 'disk_full';
  // `no such host` is the network's, not the image's.
  if (/no such host/i.test(text)) return 'network';
  if (refused.test(text)) return 'refused';
  if (missing.test(text)) return 'missing';
  return network.test(text) ? 'network' : 'other';
}

/** Tries up to three times, 1 and 2 seconds apart, while it is the network that fails. */
export function retryTransfer<T>(
  act: () => Promise<T>,
  clock: Clock,
  signal: AbortSignal,
  onRetry: NonNullable<RetryPolicy['onRetry']>,
): Promise<T> {
  const policy: RetryPolicy = {
    attempts: 3,
    firstDelayMs: 1000,
    maxDelayMs: 10_000,
    retryable: (error) => transferProblem(error) === 'network',
    onRetry,
  };
  return retry(act, policy, clock, signal);
}

/** A failure as records and events hold it. */
export interface TransferFailure {
  class: 'push' | 'pull' | 'disk_full' | 'interrupted';
  stage: string;
  message: string;
  evidence?: string;
}

export function transferFailure(
  kind: 'push' | 'pull',
  stage: string,
  error: unknown,
  advice: Partial<Record<TransferProblem, string>>,
): TransferFailure {
  const problem = transferProblem(error);
  const text = error instanceof Error ? error.message : String(error);
  const said = advice[problem];
  const own = problem === 'disk_full' || problem === 'interrupted' ? problem : kind;
  return { class: own, stage, message: said ? `${text} ${said}` : text };
}
