/** Reading the files of a package, and the digest over them. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { unreadable } from './snapshot-files.ts';
import { shownPath } from './snapshot-link.ts';
import type { PackageFile } from './snapshot-schema.ts';

/** `sha256:…` over the sorted files; a zero byte ends each entry, because a path may hold anything else. */
export function digestOf(files: readonly PackageFile[]): string {
  const sum = createHash('sha256');
  for (const { path, mode, sha256 } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    sum.update(`${path}\n${mode}\n${sha256}\0`);
  }
  return `sha256:${sum.digest('hex')}`;
}

/** Size and SHA-256 of a file of the package, in memory that doesn't grow with it. */
export async function hashFile(root: string, path: string): Promise<{ bytes: number; sha256: string }> {
  const sum = createHash('sha256');
  let bytes = 0;
  for await (const chunk of packageFileChunks(root, path)) {
    sum.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: sum.digest('hex') };
}

/** Files up to this size come as one chunk. */
export const chunkBytes = 256 * 1024;

/**
 * The content of a regular file, and of nothing that was put in its place meanwhile: no link is followed, no pipe is
 * waited for.
 */
export async function* packageFileChunks(root: string, path: string): AsyncGenerator<Buffer> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(root, path), flags).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw changed(path);
    for (let left = found.size; left > 0; ) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(Math.min(left, chunkBytes)));
      if (bytesRead === 0) throw changed(path);
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw error instanceof MadError ? error : unreadable(path, error);
  } finally {
    await file.close();
  }
}

export const changed = (path: string): MadError =>
  new MadError('INVALID_FILE', `${shownPath(path)} changed since the package was read.`, {
    hint: 'Start again when nothing writes to the package.',
  });
