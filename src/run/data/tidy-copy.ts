import type { Dirent } from 'node:fs';
import { lstat, readdir, readlink, realpath, rm } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';

export interface TidyCopy {
  /** Regular files, and their bytes. */
  files: number;
  bytes: number;
  links: number;
}

/**
 * Counts what was copied into a folder, after taking away folders of such a name and every link that is absolute or
 * leads out, over other links too: rsync leaves out what leads out by its text alone, and a hostile server is bound by nothing.
 */
export async function tidyCopy(folder: string, ownFolders: readonly string[]): Promise<TidyCopy> {
  const root = await realpath(folder);
  const isOwn = (entry: Dirent): boolean => entry.isDirectory() && ownFolders.includes(entry.name);
  const own = (await entriesOf(root)).filter(isOwn).map(pathOf);
  await Promise.all(own.map((path) => rm(path, { recursive: true, force: true })));
  // Where one link leads may depend on another.
  for (let unsafe = await unsafeLinks(root); unsafe.length > 0; unsafe = await unsafeLinks(root)) {
    for (const path of unsafe) await rm(path);
  }
  return count(root);
}

const entriesOf = (folder: string): Promise<Dirent[]> =>
  readdir(folder, { recursive: true, withFileTypes: true });

const pathOf = (entry: Dirent): string => join(entry.parentPath, entry.name);

async function unsafeLinks(root: string): Promise<string[]> {
  const links = (await entriesOf(root)).filter((entry) => entry.isSymbolicLink()).map(pathOf);
  const unsafe: string[] = [];
  for (const link of links) {
    if (isAbsolute(await readlink(link)) || !isBelow(await realpath(link).catch(() => root), root))
      unsafe.push(link);
  }
  return unsafe;
}

const isBelow = (path: string, root: string): boolean => path === root || path.startsWith(root + sep);

async function count(root: string): Promise<TidyCopy> {
  let files = 0;
  let links = 0;
  let bytes = 0;
  for (const entry of await entriesOf(root)) {
    if (entry.isSymbolicLink()) links++;
    if (!entry.isFile()) continue;
    files++;
    bytes += (await lstat(pathOf(entry))).size;
  }
  return { files, links, bytes };
}
