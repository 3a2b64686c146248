import type { Clock } from '../../foundation/clock.ts';

/** Wakes who waits for any of many things to happen. */
export interface Bell {
  ring(): void;
  /** Until it rings, or has rung since the last wait; `ms` at most. */
  wait(ms: number): Promise<void>;
}

export function makeBell(clock: Clock): Bell {
  let rung = false;
  let pause: AbortController | undefined;
  return {
    ring() {
      rung = true;
      pause?.abort();
    },
    async wait(ms) {
      if (!rung) {
        pause = new AbortController();
        await clock.sleep(ms, pause.signal).catch(() => {});
        pause = undefined;
      }
      rung = false;
    },
  };
}
