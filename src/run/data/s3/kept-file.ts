/** Files that lie in their place already: whether they are what the store has. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { checkerFor, isMd5 } from './checksum.ts';
import { crcOfPiece, type PartialDownload, partName, readPiece } from './partial.ts';
import type { PlannedFile } from './plan-download.ts';
import type { ObjectStore, StoredObject } from './stored-object.ts';

/**
 * Whether a file is the object, by its size and its content; never by its size alone. What can't be told, because the
 * store has no checksum of it, is not.
 */
export async function isKept(
  { object, path }: PlannedFile,
  into: string,
  store: ObjectStore,
  partial: PartialDownload,
): Promise<boolean> {
  const full = join(into, path);
  const facts = await lstat(full).catch(() => undefined);
  if (!facts?.isFile() || facts.size !== object.size) return false;
  const file = await open(full, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (isMd5(object.etag) && (await hasChecksum(file, object.size, 'md5', object.etag))) return true;
    return (
      (await isAsNoted(file, object, partial)) ||
      (await isOfParts(file, object, store)) ||
      (await isAsStored(file, object, store))
    );
  } finally {
    await file.close();
  }
}

async function hasChecksum(
  file: FileHandle,
  size: number,
  algorithm: 'crc32' | 'md5' | 'sha256' | 'sha1',
  hex: string,
): Promise<boolean> {
  const checker = checkerFor({ algorithm, hex });
  return (await readPiece(file, 0, size, checker.add)) && checker.matches();
}

/** A file that this download finished before it broke: the notes on its blocks are still there. */
async function isAsNoted(file: FileHandle, object: StoredObject, partial: PartialDownload): Promise<boolean> {
  const starts = [...(await partial.notedBlocks(partName(object)))].sort(([a], [b]) => a - b);
  if (starts[0]?.[0] !== 0) return false;
  for (const [index, [from, crc]] of starts.entries()) {
    const end = starts[index + 1]?.[0] ?? object.size;
    if ((await crcOfPiece(file, from, end - from)) !== crc) return false;
  }
  return true;
}

/** The ETag of an object that was uploaded in parts is the MD5 of its parts' MD5s, and their number. */
async function isOfParts(
  file: FileHandle,
  { key, etag, size }: StoredObject,
  store: ObjectStore,
): Promise<boolean> {
  const [, hex, count] = /^([0-9a-f]{32})-(\d+)$/.exec(etag) ?? [];
  if (hex === undefined) return false;
  const partBytes = await store.firstPartBytes(key);
  if (!partBytes || Math.ceil(size / partBytes) !== Number(count)) return false;
  const whole = createHash('md5');
  for (let from = 0; from < size; from += partBytes) {
    const part = createHash('md5');
    if (!(await readPiece(file, from, Math.min(partBytes, size - from), (piece) => part.update(piece))))
      return false;
    whole.update(part.digest());
  }
  return whole.digest('hex') === hex;
}

async function isAsStored(file: FileHandle, object: StoredObject, store: ObjectStore): Promise<boolean> {
  const looked = await store.look(object.key);
  if (looked?.etag !== object.etag || !looked.checksum) return false;
  const { algorithm, hex } = looked.checksum;
  // That one was looked at first.
  return algorithm !== 'md5' && (await hasChecksum(file, object.size, algorithm, hex));
}
