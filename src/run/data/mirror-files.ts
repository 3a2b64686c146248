/** The files of a mirror: listing them, and telling which of them are still what they were. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inParallel } from '../../foundation/in-parallel.ts';
import { type MirrorFile, ownName } from './mirror-index.ts';

/** Files that are looked at, or read, at once. */
const lookedAt = 64;
const readAtOnce = 4;
/** Up to here a file is hashed whole, on a thread of its own. */
const smallFile = 16 * 1024 ** 2;

type Files = Record<string, MirrorFile>;

/** A file may be called `__proto__`. */
const noFiles = (): Files => Object.create(null) as Files;

/** Paths of all files and links below a folder; those of a provider itself aside. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  const folders = [''];
  for (let below = folders.pop(); below !== undefined; below = folders.pop()) {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      if (entry.name.startsWith(ownName)) continue;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(path);
    }
  }
  return found;
}

/**
 * Takes away links that are no part of the data: a run may have laid one in a mirror, and whoever fetches into it would
 * write where it leads.
 */
export async function removeStrangeLinks(folder: string, known: Readonly<Files>): Promise<void> {
  for (const path of await filesBelow(folder)) {
    if (known[path] || !(await lstat(join(folder, path))).isSymbolicLink()) continue;
    await rm(join(folder, path));
  }
}

/**
 * Compares files with what is known of them: by their facts, and those whose facts differ by their content, too.
 * `good` has them with their present facts; `bad` are missing or have another content.
 */
export async function compareFiles(
  folder: string,
  known: Readonly<Files>,
  signal: AbortSignal,
): Promise<{ good: Files; bad: string[]; moved: boolean }> {
  const good = noFiles();
  const bad: string[] = [];
  const doubtful: [string, MirrorFile][] = [];
  await inParallel(Object.entries(known), lookedAt, async ([path, file]) => {
    const facts = await factsOf(join(folder, path));
    if (facts === undefined || facts.size !== file.size) bad.push(path);
    else if (isSame(facts, file)) good[path] = file;
    else doubtful.push([path, { ...facts, sha256: file.sha256 }]);
  });
  await inParallel(doubtful, readAtOnce, async ([path, file]) => {
    signal.throwIfAborted();
    if ((await hashOf(join(folder, path), file.size)) === file.sha256) good[path] = file;
    else bad.push(path);
  });
  return { good, bad, moved: doubtful.length > 0 };
}

/** Every file below a folder with its hash: those of `known` and `hashed` are not read again. */
export async function listFiles(
  folder: string,
  known: Readonly<Files>,
  hashed: ReadonlyMap<string, string> | undefined,
  signal: AbortSignal,
): Promise<Files> {
  const files = noFiles();
  await inParallel(await filesBelow(folder), readAtOnce, async (path) => {
    signal.throwIfAborted();
    const facts = await factsOf(join(folder, path));
    if (facts === undefined) return;
    const before = known[path];
    const sha256 =
      before && isSame(facts, before)
        ? before.sha256
        : (hashed?.get(path) ?? (await hashOf(join(folder, path), facts.size)));
    files[path] = { ...facts, sha256 };
  });
  return files;
}

type Facts = Omit<MirrorFile, 'sha256'>;

const isSame = (a: Facts, b: Facts): boolean =>
  a.size === b.size && a.mtime_ns === b.mtime_ns && a.ctime_ns === b.ctime_ns && a.inode === b.inode;

/** undefined for what is missing or neither file nor link. */
async function factsOf(path: string): Promise<Facts | undefined> {
  const facts = await lstat(path, { bigint: true }).catch(() => undefined);
  if (!facts?.isFile() && !facts?.isSymbolicLink()) return undefined;
  return {
    size: Number(facts.size),
    mtime_ns: String(facts.mtimeNs),
    ctime_ns: String(facts.ctimeNs),
    inode: String(facts.ino),
  };
}

async function hashOf(path: string, size: number): Promise<string> {
  if ((await lstat(path)).isSymbolicLink()) {
    return createHash('sha256')
      .update(await readlink(path))
      .digest('hex');
  }
  if (size <= smallFile) {
    const digest = await crypto.subtle.digest('SHA-256', await readFile(path));
    return Buffer.from(digest).toString('hex');
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 4 * 1024 ** 2 })) hash.update(chunk);
  return hash.digest('hex');
}
