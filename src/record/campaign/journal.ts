import { type FileHandle, open, readFile } from 'node:fs/promises';
import type { Clock } from '../../foundation/clock.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import type { JournalAct, JournalEntry } from './journal-schema.ts';

export type { JournalAct, JournalEntry } from './journal-schema.ts';

/** An open journal; only the process that holds the campaign's lock has it. */
export interface Journal {
  /**
   * Resolves when the entry is safe: on the disk for acts that are about to happen outside, with the system for notes
   * of what has happened. Entries keep the order of the calls.
   */
  append(act: JournalAct): Promise<void>;
  close(): Promise<void>;
}

/** What has happened leaves its own trace outside, so these don't wait for the disk. */
const notes: ReadonlySet<JournalAct['act']> = new Set([
  'run.planned',
  'container.removed',
  'dir.removed',
  'record.final',
  'row.appended',
]);

interface Waiting {
  line: string;
  durable: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** Opens the journal for appending; entries that come while others are written share the next write and its fsync. */
export async function openJournal(path: string, clock: Clock): Promise<Journal> {
  const file = await open(path, 'a', 0o600);
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  /** A full disk may have left half a line, which must not take the next one with it. */
  let isTorn = false;

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await writeBatch(file, batch, isTorn);
        isTorn = false;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        isTorn = true;
        for (const { reject } of batch) reject(error);
      }
    }
    writing = undefined;
  };

  const append = (act: JournalAct): Promise<void> =>
    new Promise((resolve, reject) => {
      const line = `${JSON.stringify({ at: clock.now().toISOString(), ...act })}\n`;
      waiting.push({ line, durable: !notes.has(act.act), resolve, reject });
      writing ??= writeAll();
    });
  const close = async (): Promise<void> => {
    await writing;
    await file.close();
  };
  return { append, close };
}

async function writeBatch(file: FileHandle, batch: readonly Waiting[], isTorn: boolean): Promise<void> {
  await file.appendFile(`${isTorn ? '\n' : ''}${batch.map(({ line }) => line).join('')}`);
  if (batch.some(({ durable }) => durable)) await file.datasync();
}

/**
 * The entries of a journal; none when there is no file. A last line that its writer could not finish is passed over,
 * as is one that this version doesn't know.
 */
export async function readJournal(path: string): Promise<JournalEntry[]> {
  const text = await textOf(path);
  if (text === '') return [];
  const { journalEntrySchema } = await import('./journal-schema.ts');
  return text.split('\n').flatMap((line) => {
    const parsed = journalEntrySchema.safeParse(jsonOrNull(line));
    return parsed.success ? [parsed.data] : [];
  });
}

function jsonOrNull(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
