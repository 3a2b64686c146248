import { constants, copyFileSync, linkSync } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { MadError } from '../../foundation/error.ts';
import { temporaryBeside } from '../../foundation/file/atomic-write.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { foldedDetector } from '../../foundation/folded-search.ts';
import { createScrubStream, needleBytes } from '../../foundation/scrub-stream.ts';
import type { Scrubber } from '../../foundation/secret.ts';

export interface FinishLogOptions {
  /** The output file, which the run could tamper with. */
  from: string;
  /** Where the log stands afterwards, on the same file system if possible. */
  to: string;
  scrubber: Scrubber;
}

export interface FinishedLog {
  /** Length of the log. */
  bytes: number;
  /** Secrets were found and replaced. */
  scrubbed: boolean;
}

const chunkBytes = 256 * 1024;
const mode = 0o600;

/**
 * Makes the log of a finished run: the output file itself, renamed, when it holds no secret, else a scrubbed copy, with
 * the original removed. Throws FILE_NOT_FOUND when the output is gone or no regular file any more.
 */
export async function finishLog({ from, to, scrubber }: FinishLogOptions): Promise<FinishedLog> {
  const file = await openOutput(from);
  try {
    const scrubbed = await holdsSecret(file, scrubber);
    if (!scrubbed) await takeOver(file, from, to);
    else await writeCopy(to, (target) => copyScrubbed(file, target, scrubber));
    const bytes = scrubbed ? (await stat(to)).size : (await file.stat()).size;
    await rm(from, { force: true });
    return { bytes, scrubbed };
  } finally {
    await file.close();
  }
}

/** Puts the same file under a second name, as a hard link where that works; what stood there is replaced whole. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  const temporary = temporaryBeside(to);
  try {
    linkOrCopyNew(from, temporary);
    await rename(temporary, to);
  } finally {
    // Renaming one link of a file over another does nothing, and leaves both.
    await rm(temporary, { force: true });
  }
}

/**
 * The same where nothing stands yet, in a folder that nobody looks into before it is whole. At once: an environment has
 * dozens of files, and while their promises took turns, the engine would lack a CPU to remove the container.
 */
export function linkOrCopyNew(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw error;
    // Other file system, no links there, or too many of them.
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
}

async function openOutput(path: string): Promise<FileHandle> {
  const hint = 'The run itself may have removed it; its metric and errors were read while it ran.';
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((cause: unknown) => {
    throw new MadError('FILE_NOT_FOUND', `cannot open the run's output ${path}`, { cause, hint });
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new MadError('FILE_NOT_FOUND', `the run's output ${path} is no regular file`, { hint });
}

async function holdsSecret(file: FileHandle, scrubber: Scrubber): Promise<boolean> {
  const needles = needleBytes(scrubber);
  if (needles.length === 0) return false;
  const isIn = foldedDetector(needles);
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, position);
    if (bytesRead === 0) return false;
    position += bytesRead;
    if (isIn(buffer.subarray(0, bytesRead))) return true;
  }
}

async function takeOver(file: FileHandle, from: string, to: string): Promise<void> {
  await file.chmod(mode).catch((error: unknown) => {
    // Not ours; whoever made it did so for its owner alone.
    if (errnoOf(error) !== 'EPERM') throw error;
  });
  if (await renameOpened(file, from, to)) return;
  await writeCopy(to, (target) => copyAll(file, (chunk) => target.writeFile(chunk)));
}

/** False when that doesn't work, or when a process that outlived its program has put something else in the file's place. */
async function renameOpened(file: FileHandle, from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errnoOf(error) === 'EXDEV' || errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  const [opened, renamed] = await Promise.all([file.stat(), lstat(to)]);
  if (opened.ino === renamed.ino && opened.dev === renamed.dev) return true;
  await rm(to, { recursive: true, force: true });
  return false;
}

/** The new file takes the place of an older one only when it is whole. */
async function writeCopy(to: string, write: (target: FileHandle) => Promise<void>): Promise<void> {
  const temporary = temporaryBeside(to);
  const target = await open(temporary, 'wx', mode);
  try {
    await write(target);
    await target.sync();
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await target.close();
  }
}

async function copyScrubbed(file: FileHandle, target: FileHandle, scrubber: Scrubber): Promise<void> {
  const stream = createScrubStream(scrubber);
  await copyAll(file, (chunk) => target.writeFile(stream.push(chunk)));
  await target.writeFile(stream.end());
}

async function copyAll(file: FileHandle, write: (chunk: Buffer) => Promise<void>): Promise<void> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    await write(buffer.subarray(0, bytesRead));
  }
}
