/** Data that is kept between runs: fetched once, trusted only when whole, used by one program at a time. */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { acquireLock, type Lock, lockHolder, tryLock } from '../../foundation/file/lock.ts';
import { makeFolders } from '../../foundation/file/make-folders.ts';
import { fetchGuarded } from './fetch-guarded.ts';
import { compareFiles, listFiles, removeStrangeLinks } from './mirror-files.ts';
import { type MirrorIndex, type MirrorPlace, mirrorPlace, readIndex, writeIndex } from './mirror-index.ts';
import type { DataAround, DataProvider, DataSource, Fetched, OnProgress } from './provider.ts';

export interface MirrorOptions {
  /** Absolute. */
  mirror: string;
  source: DataSource;
  provider: DataProvider;
  around: DataAround;
  onProgress: OnProgress;
  /** Why the source can't be reached; then only a complete mirror will do. */
  unreachable: string | undefined;
}

export interface Mirrored extends Fetched {
  /** Where the data lies. */
  folder: string;
  /** Nothing had to be fetched. */
  isReused: boolean;
}

/** Whether the mirror was complete when it was last used; its files are looked at only when it is used again. */
export const isComplete = (mirror: string, source: DataSource): boolean => {
  const index = readIndex(mirrorPlace(mirror, source.name).index);
  return index?.state === 'complete' && isOf(index, source);
};

/**
 * The data of a source in its mirror, fetched where it isn't there, isn't whole, or isn't what it was. A second program
 * waits until the first is done. Throws what `fetchGuarded` throws.
 */
export async function useMirror(options: MirrorOptions): Promise<Mirrored> {
  const { source, around } = options;
  const place = mirrorPlace(options.mirror, source.name);
  await makeFolders(dirname(place.lock));
  await makeFolders(place.folder);
  let isTold = false;
  const tell = (by: string): void => {
    const message = `data ${source.name}: waiting for the mirror ${place.folder}, which ${by} is using`;
    if (!isTold) around.emit({ type: 'notice', level: 'info', code: 'MIRROR_IN_USE', message });
    isTold = true;
  };
  const done = await takeTurn(place.lock, around.signal, () => tell('another run'));
  try {
    const lock = await waitForLock(place, around, tell);
    try {
      return await locked(place, options);
    } finally {
      lock.release();
    }
  } finally {
    done();
  }
}

/** Runs of this process wait for each other here: waiting for the lock would hold up the download of the other. */
const turns = new Map<string, Promise<void>>();

async function takeTurn(key: string, signal: AbortSignal, onWait: () => void): Promise<() => void> {
  for (let other = turns.get(key); other; other = turns.get(key)) {
    onWait();
    await Promise.race([other, aborted(signal)]);
    signal.throwIfAborted();
  }
  let finish = (): void => {};
  turns.set(
    key,
    new Promise((resolve) => {
      finish = resolve;
    }),
  );
  return () => {
    turns.delete(key);
    finish();
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

async function waitForLock(
  place: MirrorPlace,
  { clock, signal }: DataAround,
  tell: (by: string) => void,
): Promise<Lock> {
  const free = tryLock(place.lock);
  if (free) return free;
  tell(lockHolder(place.lock) ?? 'another program');
  return acquireLock(place.lock, { clock, signal, timeoutMs: Number.POSITIVE_INFINITY });
}

async function locked(place: MirrorPlace, options: MirrorOptions): Promise<Mirrored> {
  const { source, around, provider, unreachable } = options;
  const found = readIndex(place.index);
  const index = found && isOf(found, source) ? found : undefined;
  const [version, { good, bad, moved }] = await Promise.all([
    unreachable === undefined ? provider.version?.(source, around) : undefined,
    compareFiles(place.folder, index?.files ?? {}, around.signal),
  ]);
  const isCurrent = unreachable !== undefined || version === undefined || version === index?.source.version;
  if (index?.state === 'complete' && bad.length === 0 && isCurrent) {
    if (moved) await writeIndex(place.index, { ...index, files: good });
    const files = Object.keys(good).length;
    return { folder: place.folder, isReused: true, files, bytes: index.bytes, reusedBytes: index.bytes };
  }
  const started: MirrorIndex = {
    schema: 'madengine.mirror/1',
    state: 'incomplete',
    source: { provider: source.kind, path: source.path, version: version ?? null },
    bytes: 0,
    files: good,
  };
  // Before anything is changed: from here on nobody takes it for complete.
  await writeIndex(place.index, started);
  tellDamage(bad, index?.state === 'complete', source, around);
  await removeStrangeLinks(place.folder, good);
  const leftOver = index ? bad : Object.keys(found?.files ?? {});
  await Promise.all(leftOver.map((path) => rm(join(place.folder, path), { recursive: true, force: true })));
  const fetched = await fetchGuarded(provider, source, place.folder, around, options.onProgress);
  const files = await listFiles(place.folder, good, fetched.sha256, around.signal);
  const bytes = Object.values(files).reduce((sum, { size }) => sum + size, 0);
  await writeIndex(place.index, { ...started, state: 'complete', bytes, files });
  return { ...fetched, folder: place.folder, isReused: false };
}

function tellDamage(
  bad: readonly string[],
  wasComplete: boolean,
  source: DataSource,
  around: DataAround,
): void {
  if (!wasComplete || bad.length === 0) return;
  const some = bad.slice(0, 3).join(', ');
  const more = bad.length > 3 ? ` and ${bad.length - 3} more` : '';
  around.emit({
    type: 'notice',
    level: 'warning',
    code: 'MIRROR_CHANGED',
    message: `data ${source.name}: its mirror isn't what was fetched (${some}${more}): fetching that again`,
  });
}

const isOf = ({ source }: MirrorIndex, { kind, path }: DataSource): boolean =>
  source.provider === kind && source.path === path;
