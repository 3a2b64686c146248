import { constants, type Stats } from 'node:fs';
import {
  chmod,
  copyFile,
  type FileHandle,
  lstat,
  open,
  realpath,
  rename,
  rm,
  utimes,
} from 'node:fs/promises';
import { MadError } from '../foundation/error.ts';
import { temporaryBeside } from '../foundation/file/atomic-write.ts';
import { errnoOf } from '../foundation/file/errno.ts';
import { shownPath } from './snapshot-link.ts';

/**
 * Puts a copy of a file at `target` unless the same stands there; says whether it did. Readers see the old file or the new
 * one whole. A link at `target` is replaced, never written through. Throws INVALID_FILE for a folder there.
 */
export async function copyIfChanged(
  source: string,
  facts: Stats,
  target: string,
  mode: number,
): Promise<boolean> {
  const there = await lstat(target).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (there?.isDirectory()) {
    throw new MadError('INVALID_FILE', `${shownPath(target)} is a folder, and a file in MODEL_DIR.`, {
      hint: 'Move one of them away.',
    });
  }
  if (there?.isSymbolicLink() && (await realpath(target).catch(() => undefined)) === source) return false;
  if (there?.isFile() && (await isSame(source, facts, target, there, mode))) return false;
  const temporary = temporaryBeside(target);
  try {
    await copyFile(source, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await chmod(temporary, mode);
    await utimes(temporary, facts.atime, facts.mtime);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return true;
}

/** Two changes within one tick of the clock have the same time; for larger files, time and size have to do. */
const alwaysCompared = 2 ** 20;

async function isSame(
  source: string,
  facts: Stats,
  target: string,
  there: Stats,
  mode: number,
): Promise<boolean> {
  if (facts.dev === there.dev && facts.ino === there.ino) return true;
  if (facts.size !== there.size || (there.mode & 0o777) !== mode) return false;
  const sameTime = Math.trunc(facts.mtimeMs) === Math.trunc(there.mtimeMs);
  return (sameTime && facts.size > alwaysCompared) || sameContent(source, target);
}

async function sameContent(one: string, other: string): Promise<boolean> {
  const first = await open(one, 'r');
  try {
    const second = await open(other, 'r');
    try {
      return await sameBytes(first, second);
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

async function sameBytes(first: FileHandle, second: FileHandle): Promise<boolean> {
  const size = 256 * 1024;
  const [one, other] = [Buffer.alloc(size), Buffer.alloc(size)];
  for (let at = 0; ; at += size) {
    const [a, b] = await Promise.all([first.read(one, 0, size, at), second.read(other, 0, size, at)]);
    if (a.bytesRead !== b.bytesRead) return false;
    if (one.compare(other, 0, b.bytesRead, 0, a.bytesRead) !== 0) return false;
    if (a.bytesRead < size) return true;
  }
}
