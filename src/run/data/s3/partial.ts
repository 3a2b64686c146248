/** What a download has on disk before all of it is there: parts, which of their blocks are good, and finished files. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readFile, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { MadError } from '../../../foundation/error.ts';
import { errnoOf } from '../../../foundation/file/errno.ts';
import { quoted } from '../../../package/package-path.ts';
import { partialFolder } from './plan-download.ts';
import type { StoredObject } from './stored-object.ts';

/** Good blocks of a part: the CRC-32 of each by the byte at which it begins. */
export type NotedBlocks = ReadonlyMap<number, number>;

/** The name of an object's part; another one as soon as the object changes. */
export const partName = ({ key, etag, size }: StoredObject): string =>
  createHash('sha256').update(`${key}\0${etag}\0${size}`).digest('hex').slice(0, 32);

export interface PartialDownload {
  /** The part of an object, empty or as an earlier download left it. */
  openPart(name: string, isFresh: boolean): Promise<FileHandle>;
  notedBlocks(name: string): Promise<NotedBlocks>;
  /** Says that a block is on disk. */
  noteBlock(name: string, from: number, crc: number): Promise<void>;
  /** Gives a part its final name, over whatever has it. */
  finish(name: string, path: string): Promise<void>;
  dropPart(name: string): Promise<void>;
  /** Forgets everything: the download is complete. */
  remove(): Promise<void>;
}

/** A model may have written into a mirror: nothing here follows a link that it could have left. */
const noLink = constants.O_NOFOLLOW;

/** Opens what an earlier download left in `into`, or begins. */
export async function openPartial(into: string): Promise<PartialDownload> {
  const folder = join(into, partialFolder);
  await makeFolder(folder);
  const partOf = (name: string): string => join(folder, `${name}.part`);
  const notesOf = (name: string): string => join(folder, `${name}.blocks`);
  return {
    openPart(name, isFresh) {
      const flags = constants.O_RDWR | constants.O_CREAT | noLink | (isFresh ? constants.O_TRUNC : 0);
      return open(partOf(name), flags, 0o644);
    },
    notedBlocks: async (name) => readNotes(await textOf(notesOf(name))),
    async noteBlock(name, from, crc) {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | noLink;
      const notes = await open(notesOf(name), flags, 0o644);
      await notes.write(`${from} ${crc}\n`).finally(() => notes.close());
    },
    async finish(name, path) {
      await rename(partOf(name), join(into, path)).catch((error: unknown) => {
        if (errnoOf(error) !== 'EISDIR' && errnoOf(error) !== 'ENOTEMPTY') throw error;
        throw new MadError(
          'NOT_WRITABLE',
          `${quoted(join(into, path))} is a folder; the data has a file there.`,
          {
            hint: 'Remove the folder.',
          },
        );
      });
    },
    dropPart: async (name) => {
      await rm(partOf(name), { force: true });
      await rm(notesOf(name), { force: true });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Makes a folder whose parent is there; a link or a file of its name gives way. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    if ((await lstat(path)).isDirectory()) return;
    await unlink(path);
    await mkdir(path);
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, { encoding: 'utf8', flag: constants.O_RDONLY | noLink });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP') return '';
    throw error;
  }
}

/** Lines that were torn are no notes. */
function readNotes(text: string): Map<number, number> {
  const notes = new Map<number, number>();
  for (const [, from, crc] of text.matchAll(/^(\d+) (\d+)\n/gm)) notes.set(Number(from), Number(crc));
  return notes;
}

/** The CRC-32 of a piece of a file; undefined when the file ends before. */
export async function crcOfPiece(file: FileHandle, from: number, bytes: number): Promise<number | undefined> {
  let crc = 0;
  const isWhole = await readPiece(file, from, bytes, (piece) => {
    crc = crc32(piece, crc);
  });
  return isWhole ? crc : undefined;
}

/** Hands out a piece of a file in smaller ones; false when the file ends before. */
export async function readPiece(
  file: FileHandle,
  from: number,
  bytes: number,
  take: (piece: Uint8Array) => void,
): Promise<boolean> {
  const buffer = Buffer.allocUnsafe(Math.min(bytes, 1024 ** 2));
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, bytes - done), from + done);
    if (bytesRead === 0) return false;
    take(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return true;
}
