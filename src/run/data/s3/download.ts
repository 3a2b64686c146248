/** Brings planned files: several objects at once, big ones in blocks, broken ones on from where they were. */
import type { FileHandle } from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../foundation/clock.ts';
import { BadContent } from './error.ts';
import { fetchBlock } from './fetch-block.ts';
import { largeObject } from './fetch-large.ts';
import { isKept } from './kept-file.ts';
import { makeFolder, openPartial, type PartialDownload, partName } from './partial.ts';
import type { DownloadPlan, PlannedFile } from './plan-download.ts';
import type { ObjectStore } from './stored-object.ts';

export interface DownloadOptions {
  store: ObjectStore;
  plan: DownloadPlan;
  /** Absolute; is there. */
  into: string;
  clock: Clock;
  signal: AbortSignal;
  onProgress(done: number, total: number): void;
  /** Requests at once. */
  connections: number;
  /** Larger objects are fetched in blocks of this. */
  blockBytes: number;
  /** Whether who asks will need the SHA-256 of what comes. */
  wantsSha256: boolean;
}

/** Rounds in which objects that changed meanwhile, or came wrong, are fetched anew. */
const mostRounds = 3;
/** Files that are read at once to see whether they are good. */
const readAtOnce = 4;

export interface Downloaded {
  files: number;
  bytes: number;
  reusedBytes: number;
  /** In hex, by path; of what was fetched, where it was asked for. */
  sha256: ReadonlyMap<string, string>;
}

/** Throws what the store or the disk throws; everything that came until then is kept for the next time. */
export async function download(options: DownloadOptions): Promise<Downloaded> {
  const { plan, into, store } = options;
  const isNew = (await readdir(into)).length === 0;
  const partial = await openPartial(into);
  for (const folder of plan.folders) await makeFolder(join(into, folder));
  const progress = progressOf(options);
  const sha256 = new Map<string, string>();
  let todo: Again[] = [];
  if (isNew) todo = plan.files.map((file) => ({ file, why: undefined }));
  else {
    await pooled(plan.files.values(), readAtOnce, options.signal, async (file) => {
      if (await isKept(file, into, store, partial)) progress.reuse(file, file.object.size);
      else todo.push({ file, why: undefined });
    });
  }
  progress.tell();
  for (let round = 1; todo.length > 0; round++) {
    if (round > mostRounds) throw todo[0]?.why;
    todo = await downloadRound(todo, { ...options, partial, progress, sha256 });
  }
  await partial.remove();
  // Objects that changed meanwhile have another size than when they were listed.
  const bytes = plan.files.reduce((sum, { object }) => sum + object.size, 0);
  return { files: plan.files.length, bytes, reusedBytes: progress.reused(), sha256 };
}

/** A file to fetch, and why that is not for the first time. */
interface Again {
  file: PlannedFile;
  why: unknown;
}

interface Round extends DownloadOptions {
  partial: PartialDownload;
  progress: Progress;
  sha256: Map<string, string>;
}

/** Returns what has to be fetched once more. */
async function downloadRound(todo: readonly Again[], options: Round): Promise<Again[]> {
  const again: Again[] = [];
  const open = new Set<FileHandle>();
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const round: Round = { ...options, signal };
  /** Those that have changed or are wrong wait for the next round, all others end the whole. */
  const guarded = async (file: PlannedFile, act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      if (!isChanged(error) && !(error instanceof BadContent)) throw error;
      if (again.some((other) => other.file === file)) return;
      options.progress.forget(file);
      await options.partial.dropPart(partName(file.object));
      again.push({ file, why: error });
    }
  };
  const tasks = async function* (): AsyncGenerator<() => Promise<void>> {
    for (const { file, why } of todo) {
      if (why !== undefined) await renew(file, options);
      if (file.object.size <= options.blockBytes) {
        yield () => guarded(file, () => fetchSmall(file, round, open));
      } else {
        let parts: (() => Promise<void>)[] = [];
        await guarded(file, async () => {
          parts = await largeTasks(file, round, open);
        });
        for (const part of parts) {
          yield () => (again.some((other) => other.file === file) ? Promise.resolve() : guarded(file, part));
        }
      }
    }
  };
  try {
    await pooled(tasks(), options.connections, signal, (task) => task(), stop);
  } finally {
    for (const file of open) await file.close();
  }
  return again;
}

/** What the store has by now in the place of an object that changed. */
async function renew(file: PlannedFile, { store, progress }: Round): Promise<void> {
  const { size } = file.object;
  const object = await store.look(file.object.key);
  if (!object) throw new Error(`${file.object.key} was removed while the data was loaded`);
  progress.grow(object.size - size);
  file.object = { key: object.key, size: object.size, etag: object.etag };
}

async function fetchSmall(planned: PlannedFile, round: Round, open: Set<FileHandle>): Promise<void> {
  const { partial, progress } = round;
  const { object, path } = planned;
  const name = partName(object);
  const file = await partial.openPart(name, true);
  open.add(file);
  try {
    if (object.size > 0) {
      const onBytes = (count: number): void => progress.add(planned, count);
      const { content } = await fetchBlock({ ...round, object, file, from: 0, bytes: object.size, onBytes });
      if (content?.isGood() === false) throw new BadContent(`${object.key} does not come to its checksum`);
      noteSha256(content?.sha256(), path, round);
    }
  } finally {
    open.delete(file);
    await file.close();
  }
  await partial.finish(name, path);
}

/** One task for each block that is missing. */
async function largeTasks(
  planned: PlannedFile,
  round: Round,
  open: Set<FileHandle>,
): Promise<(() => Promise<void>)[]> {
  const { store, partial, progress, blockBytes } = round;
  const { object, path } = planned;
  const looked = await store.look(object.key);
  if (looked?.etag !== object.etag || looked.size !== object.size) throw changed(object.key);
  const name = partName(object);
  const file = await partial.openPart(name, false);
  open.add(file);
  const large = await largeObject(file, object, {
    blockBytes,
    notes: await partial.notedBlocks(name),
    checksum: looked.checksum,
    wantsSha256: round.wantsSha256,
  });
  progress.reuse(planned, large.keptBytes);
  const finish = async (): Promise<void> => {
    noteSha256(await large.check(), path, round);
    open.delete(file);
    await file.close();
    await partial.finish(name, path);
  };
  if (large.missing.length === 0) return [finish];
  return large.missing.map((index) => async () => {
    const { from = 0, bytes = 0 } = large.blocks[index] ?? {};
    const onBytes = (count: number): void => progress.add(planned, count);
    const { crc } = await fetchBlock({ ...round, object, file, from, bytes, onBytes });
    await partial.noteBlock(name, from, crc);
    if (large.add(index)) await finish();
  });
}

function noteSha256(hex: string | undefined, path: string, { sha256 }: Round): void {
  if (hex !== undefined) sha256.set(path, hex);
}

const isChanged = (error: unknown): boolean => error instanceof Error && error.name === 'PreconditionFailed';

const changed = (key: string): Error =>
  Object.assign(new Error(`${key} has changed`), { name: 'PreconditionFailed' });

interface Progress {
  add(file: PlannedFile, bytes: number): void;
  /** Bytes of an earlier download. */
  reuse(file: PlannedFile, bytes: number): void;
  /** All of a file: it is fetched anew. */
  forget(file: PlannedFile): void;
  grow(bytes: number): void;
  tell(): void;
  reused(): number;
}

function progressOf({ plan, onProgress }: DownloadOptions): Progress {
  const came = new Map<PlannedFile, { bytes: number; reused: number }>();
  let done = 0;
  let reused = 0;
  let total = plan.bytes;
  const note = (file: PlannedFile, bytes: number, reusedBytes: number): void => {
    const before = came.get(file) ?? { bytes: 0, reused: 0 };
    came.set(file, { bytes: before.bytes + bytes, reused: before.reused + reusedBytes });
    done += bytes;
    reused += reusedBytes;
  };
  const tell = (): void => onProgress(done, total);
  return {
    add(file, bytes) {
      note(file, bytes, 0);
      tell();
    },
    reuse: (file, bytes) => note(file, bytes, bytes),
    forget(file) {
      const { bytes, reused: kept } = came.get(file) ?? { bytes: 0, reused: 0 };
      note(file, -bytes, -kept);
    },
    grow: (bytes) => {
      total += bytes;
    },
    tell,
    reused: () => reused,
  };
}

/** Works on what there is, at most `width` at once; after a failure or an abort all else ends before this throws. */
async function pooled<T>(
  items: Iterator<T> | AsyncGenerator<T>,
  width: number,
  signal: AbortSignal,
  act: (item: T) => Promise<void>,
  stop?: AbortController,
): Promise<void> {
  let failure: { error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    try {
      for (;;) {
        signal.throwIfAborted();
        const next = await items.next();
        if (next.done || failure) return;
        await act(next.value);
      }
    } catch (error) {
      failure ??= { error };
      stop?.abort(error);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  if (failure) throw failure.error;
}
