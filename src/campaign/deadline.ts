import { type Clock, sleepLong } from '../foundation/clock.ts';
import type { RunFailure } from '../record/record-schema.ts';
import { Deadline } from '../run/run-failure.ts';

export interface RunningDeadline {
  /** Aborts with the campaign's own signal, or with a `Deadline`. */
  signal: AbortSignal;
  stop(): void;
}

/** `seconds` from `started` (monotonic); 0: none. */
export function startDeadline(
  seconds: number,
  started: number,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): RunningDeadline {
  if (seconds === 0) return { signal, stop() {} };
  const over = new AbortController();
  const stopped = new AbortController();
  const left = seconds - (clock.monotonic() - started);
  const end = (): void => over.abort(new Deadline(seconds));
  if (left <= 0) end();
  else sleepLong(clock, left, stopped.signal).then(end, () => {});
  return { signal: AbortSignal.any([signal, over.signal]), stop: () => stopped.abort() };
}

/** Why a job, or its next attempt, did not start any more. */
export function leftBecause(
  { begun, last }: { begun?: unknown; last?: RunFailure },
  deadlineS: number,
  signal: AbortSignal,
): RunFailure {
  const before = last ? `; the attempt before failed (${last.class}): ${last.message}` : '';
  if (signal.aborted) {
    const how = begun === undefined ? 'not started before' : 'ended by';
    return { class: 'interrupted', stage: null, message: `${how} ${String(signal.reason)}${before}` };
  }
  const message = `not started before ${new Deadline(deadlineS)} of the campaign${before}`;
  return { class: 'not_run', stage: null, message };
}

export const notBuilt = (seconds: number): RunFailure => ({
  class: 'not_run',
  stage: 'build',
  message: `its image was not built before ${new Deadline(seconds)} of the campaign`,
});
