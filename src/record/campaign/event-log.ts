import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { EventListener } from '../../foundation/event.ts';

/** Output is in files of its own, and a plan in the terminal of who asked for it. */
const left: ReadonlySet<string> = new Set(['run.output', 'build.output', 'plan.made']);

export interface EventLog {
  listen: EventListener;
  /** The error that ended the writing, if there was one: a full disk must not end the campaign. */
  close(): Error | undefined;
}

/** Writes a campaign's events, scrubbed as they come, to `events.ndjson` in its folder. */
export function openEventLog(campaignFolder: string): EventLog {
  const file = openSync(join(campaignFolder, 'events.ndjson'), 'a', 0o600);
  let failed: Error | undefined;
  return {
    listen: (event) => {
      if (failed || left.has(event.type)) return;
      try {
        writeSync(file, `${JSON.stringify(event)}\n`);
      } catch (error) {
        failed = error as Error;
      }
    },
    close: () => {
      closeSync(file);
      return failed;
    },
  };
}
