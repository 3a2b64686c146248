import { type FSWatcher, watch } from 'node:fs';
import type { Clock } from '../clock.ts';

/** Tells when something in a folder changes. */
export interface FolderChanges {
  /** Resolves when something changed since the last call, it is time to look all the same, or `stop` aborts. */
  next(clock: Clock, stop: AbortSignal): Promise<void>;
  /** Lets `ms` milliseconds of changes gather; ends at once when the urgent file changes, or has since the last call. */
  gather(ms: number, clock: Clock, stop: AbortSignal): Promise<void>;
  close(): void;
}

export interface Rechecks {
  /** Milliseconds without an event after which it is time to look: some file systems send none. */
  ms: number;
  /** The same where there are no events at all. */
  withoutEventsMs: number;
}

/** `urgent` is the name of a file whose changes are not left to gather. */
export function watchFolder(folder: string, recheck: Rechecks, urgent?: string): FolderChanges {
  let changed = false;
  let hurry = false;
  let waiting: AbortController | undefined;
  let gathering: AbortController | undefined;
  const watcher = watchIfPossible(folder, (name) => {
    changed = true;
    waiting?.abort();
    if (name === undefined || name !== urgent) return;
    hurry = true;
    gathering?.abort();
  });
  const pause = async (own: AbortController, ms: number, clock: Clock, stop: AbortSignal): Promise<void> =>
    clock.sleep(ms, AbortSignal.any([own.signal, stop])).catch(() => {});
  return {
    async next(clock, stop) {
      if (!changed && !stop.aborted) {
        waiting = new AbortController();
        await pause(waiting, watcher ? recheck.ms : recheck.withoutEventsMs, clock, stop);
        waiting = undefined;
      }
      changed = false;
    },
    async gather(ms, clock, stop) {
      if (!hurry && !stop.aborted) {
        gathering = new AbortController();
        await pause(gathering, ms, clock, stop);
        gathering = undefined;
      }
      hurry = false;
    },
    close: () => watcher?.close(),
  };
}

/** undefined where there are no file events, or no more watches to be had. */
function watchIfPossible(
  folder: string,
  onChange: (name: string | undefined) => void,
): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, (_, name) => onChange(name ?? undefined)).on(
      'error',
      () => {},
    );
  } catch {
    return undefined;
  }
}
