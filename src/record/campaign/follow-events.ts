import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../foundation/clock.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { watchFolder } from '../../foundation/file/folder-changes.ts';

export interface FollowEventsOptions {
  /** Of the campaign. */
  folder: string;
  clock: Clock;
  signal: AbortSignal;
  /** Each line of the log, parsed; what is no JSON object is left out. */
  onEvent(event: Readonly<Record<string, unknown>>): void;
  /** Asked when nothing happens: whether the campaign's process still lives. */
  isAlive(): boolean;
}

/** A process that dies sends no event. */
const recheck = { ms: 2000, withoutEventsMs: 500 };
const lastWordMs = 1000;
const lockMs = 200;
const chunkBytes = 64 * 1024;

/** Reads a campaign's event log from its start, and on as it grows, until the campaign ends, its process dies or `signal`. */
export async function followEvents(options: FollowEventsOptions): Promise<'ended' | 'died' | 'stopped'> {
  const { folder, clock, signal } = options;
  const path = join(folder, 'events.ndjson');
  const changes = watchFolder(folder, recheck);
  const lines = createLines(options.onEvent);
  let file: FileHandle | undefined;
  let wasDead = false;
  try {
    for (;;) {
      // Asked before reading: what it wrote until then is read in any case.
      const alive = options.isAlive();
      file ??= await openIfThere(path);
      if (file) await readOn(file, lines.push);
      if (lines.isOver() && !alive) return 'ended';
      if (signal.aborted) return 'stopped';
      if (!alive && wasDead) return 'died';
      wasDead = !alive;
      // Its last event comes after it has let its lock go.
      if (wasDead) await clock.sleep(lastWordMs, signal).catch(() => {});
      // Over, or on again after an end that it had before.
      else if (lines.isOver()) await clock.sleep(lockMs, signal).catch(() => {});
      else await changes.next(clock, signal);
    }
  } finally {
    changes.close();
    await file?.close();
  }
}

/** Cuts chunks into lines; a line that is not complete waits for its rest. */
function createLines(onEvent: FollowEventsOptions['onEvent']): {
  push(chunk: Buffer): void;
  isOver(): boolean;
} {
  let rest = Buffer.alloc(0);
  let over = false;
  return {
    push(chunk) {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        const event = objectIn(rest.subarray(0, end).toString('utf8'));
        rest = rest.subarray(end + 1);
        if (!event) continue;
        over = event.type === 'campaign.ended';
        onEvent(event);
      }
    },
    isOver: () => over,
  };
}

function objectIn(line: string): Record<string, unknown> | undefined {
  try {
    const data: unknown = JSON.parse(line);
    return data !== null && typeof data === 'object' && !Array.isArray(data)
      ? (data as Record<string, unknown>)
      : undefined;
  } catch {
    // Half a line of a process that died in the middle of it.
    return undefined;
  }
}

async function readOn(file: FileHandle, push: (chunk: Buffer) => void): Promise<void> {
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, null);
    if (bytesRead === 0) return;
    push(buffer.subarray(0, bytesRead));
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
