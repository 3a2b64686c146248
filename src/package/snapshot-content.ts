/** Reading the files of a package, and the digest over them. */
import { createHash, hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
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
  const file = await openPackageFile(root, path);
  try {
    const { size } = await file.stat();
    if (size <= 2 ** 20) {
      const content = await file.readFile();
      return { bytes: content.length, sha256: hash('sha256', content) };
    }
    const sum = createHash('sha256');
    let bytes = 0;
    for await (const chunk of file.createReadStream({ highWaterMark: 2 ** 20, autoClose: false })) {
      sum.update(chunk);
      bytes += chunk.length;
    }
    return { bytes, sha256: sum.digest('hex') };
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await file.close();
  }
}

/** Opens a regular file, and nothing that was put in its place meanwhile: no link, no pipe that never answers. */
export async function openPackageFile(root: string, path: string): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(root, path), flags).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new MadError('INVALID_FILE', `${shownPath(path)} changed while the package was read.`, {
    hint: 'Start again when nothing writes to the package.',
  });
}
