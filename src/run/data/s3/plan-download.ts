import { MadError } from '../../../foundation/error.ts';
import { controlCharacters, quoted } from '../../../package/package-path.ts';
import type { FoundObjects } from './find-objects.ts';
import type { StoredObject } from './stored-object.ts';

/** Where downloads keep what isn't finished, inside the folder that they fill; gone when all is there. */
export const partialFolder = '.madengine-download';

export interface PlannedFile {
  object: StoredObject;
  /** Relative, of plain names: no `..`, nothing empty. */
  path: string;
}

export interface DownloadPlan {
  files: readonly PlannedFile[];
  /** Every folder that is needed, those above before those below. */
  folders: readonly string[];
  bytes: number;
}

/** Linux: NAME_MAX and PATH_MAX, less the byte at its end. */
const longestName = 255;
const longestPath = 4095;

/**
 * Files and folders for the objects that were found. Keys come from whoever may write to the bucket: one that can't be a
 * path below `into` ends the whole, with an error that names it. `into` is absolute.
 */
export function planDownload({ base, objects }: FoundObjects, into: string): DownloadPlan {
  const files = new Map<string, PlannedFile>();
  const folders = new Set<string>();
  let bytes = 0;
  for (const object of objects) {
    const { key, size } = object;
    if (!Number.isSafeInteger(size) || size < 0) throw refused(key, 'has a size that is no number');
    if (!key.startsWith(base)) throw refused(key, 'is not below the folder that was asked for');
    if (key === base) continue;
    const isFolder = key.endsWith('/');
    const path = key.slice(base.length, isFolder ? -1 : undefined);
    const wrong = wrongPath(path, into);
    if (wrong !== undefined) throw refused(key, wrong);
    addFoldersOf(isFolder ? `${path}/` : path, folders);
    if (isFolder) {
      if (size > 0) throw refused(key, 'ends with a slash and has content');
      continue;
    }
    if (files.has(path)) throw refused(key, 'is listed twice');
    files.set(path, { object, path });
    bytes += size;
  }
  for (const folder of folders) {
    const file = files.get(folder);
    if (file) throw refused(file.object.key, 'is a file and a folder at once');
  }
  return { files: [...files.values()], folders: [...folders], bytes };
}

/** Why this can't be a path below `into`; undefined when it can. */
function wrongPath(path: string, into: string): string | undefined {
  if (controlCharacters.test(path)) return 'has control characters in it';
  if (path.includes('\\')) return 'has a backslash in it';
  if (!path.isWellFormed()) return 'is no text';
  const names = path.split('/');
  if (names.includes('')) return 'has a folder without a name in it';
  if (names.includes('..') || names.includes('.')) return 'leads out of its folder';
  if (names[0] === partialFolder) return 'has a name that the download needs for itself';
  if (names.some((name) => Buffer.byteLength(name) > longestName)) {
    return `has a name of more than ${longestName} bytes in it`;
  }
  return Buffer.byteLength(into) + 1 + Buffer.byteLength(path) > longestPath
    ? `makes a path of more than ${longestPath} bytes`
    : undefined;
}

function addFoldersOf(path: string, folders: Set<string>): void {
  const missing: string[] = [];
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    const folder = path.slice(0, at);
    if (folders.has(folder)) break;
    missing.push(folder);
  }
  for (const folder of missing.reverse()) folders.add(folder);
}

const refused = (key: string, why: string): MadError =>
  new MadError('DATA_UNAVAILABLE', `The object ${quoted(key.slice(0, 1000))} ${why}; nothing was loaded.`, {
    hint: 'Rename or remove it in the bucket, or name a folder without it in data.json.',
  });

/** The pieces in which an object is fetched, in their order; one, of length 0, for an empty one. */
export function blocksOf(size: number, blockBytes: number): { from: number; bytes: number }[] {
  const blocks: { from: number; bytes: number }[] = [];
  for (let from = 0; from < size || from === 0; from += blockBytes) {
    blocks.push({ from, bytes: Math.min(blockBytes, size - from) });
  }
  return blocks;
}
