import type { Clock } from '../foundation/clock.ts';
import { captureLimitS } from '../stage/environment-stage.ts';
import type { StageMark, StageName } from '../stage/stage.ts';

/** What these take belongs to no model: neither its limit nor its duration counts it. */
const untimed: ReadonlySet<StageName> = new Set(['environment']);

/** The marks are written where the model can write, so that none of them may stop the clock for long. */
const mostS = captureLimitS + 10;

/** Follows marks, and tells how much of the time since the start was such stages'. */
export function untimedStages(clock: Pick<Clock, 'monotonic'>): {
  mark(mark: StageMark): void;
  /** Seconds, up to now. */
  seconds(): number;
} {
  let begun: { uptimeS: number; at: number } | undefined;
  let done: number | undefined;
  return {
    mark(mark) {
      if (mark.kind === 'over' || !untimed.has(mark.name) || done !== undefined) return;
      if (mark.kind === 'start') begun ??= { uptimeS: mark.uptimeS, at: clock.monotonic() };
      else if (begun) done = mark.uptimeS - begun.uptimeS;
    },
    seconds() {
      const spent = done ?? (begun ? clock.monotonic() - begun.at : 0);
      return Math.min(Math.max(0, spent), mostS);
    },
  };
}
