import { type FSWatcher, watch } from 'node:fs';
import type { Clock } from '../clock.ts';

/** Tells when something in a folder changes. */
export interface FolderChanges {
  /** Resolves when something changed since the last call, it is time to look all the same, or `stop` aborts. */
  next(clock: Clock, stop: AbortSignal): Promise<void>;
  close(): void;
}

export interface Rechecks {
  /** Milliseconds without an event after which it is time to look: some file systems send none. */
  ms: number;
  /** The same where there are no events at all. */
  withoutEventsMs: number;
}

export function watchFolder(folder: string, recheck: Rechecks): FolderChanges {
  let changed = false;
  let waiting: AbortController | undefined;
  const onChange = (): void => {
    changed = true;
    waiting?.abort();
  };
  const watcher = watchIfPossible(folder, onChange);
  return {
    async next(clock, stop) {
      if (!changed && !stop.aborted) {
        waiting = new AbortController();
        const ends = AbortSignal.any([waiting.signal, stop]);
        await clock.sleep(watcher ? recheck.ms : recheck.withoutEventsMs, ends).catch(() => {});
        waiting = undefined;
      }
      changed = false;
    },
    close: () => watcher?.close(),
  };
}

/** undefined where there are no file events, or no more watches to be had. */
function watchIfPossible(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, onChange).on('error', () => {});
  } catch {
    return undefined;
  }
}
