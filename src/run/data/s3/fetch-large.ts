/** An object that is fetched in several blocks, by several requests at once. */
import type { FileHandle } from 'node:fs/promises';
import { readContent } from './checksum.ts';
import { BadContent } from './error.ts';
import { crcOfPiece, type NotedBlocks, readPiece } from './partial.ts';
import { blocksOf } from './plan-download.ts';
import type { Checksum, StoredObject } from './stored-object.ts';

export interface LargeObject {
  blocks: readonly { from: number; bytes: number }[];
  /** Positions of blocks that are still to be fetched. */
  missing: readonly number[];
  /** Bytes of those that an earlier download has left. */
  keptBytes: number;
  /** Says that a block is in the file; returns whether it was the last one. */
  add(index: number): boolean;
  /** When all blocks are there: the SHA-256 if it was asked for. Throws BadContent when they don't come to the checksum. */
  check(): Promise<string | undefined>;
}

export interface LargeOptions {
  blockBytes: number;
  /** What an earlier download says of its blocks; what isn't so any more is fetched again. */
  notes: NotedBlocks;
  checksum: Checksum | undefined;
  wantsSha256: boolean;
}

export async function largeObject(
  file: FileHandle,
  { key, size }: StoredObject,
  { blockBytes, notes, checksum, wantsSha256 }: LargeOptions,
): Promise<LargeObject> {
  const blocks = blocksOf(size, blockBytes);
  const isThere: boolean[] = [];
  for (const { from, bytes } of blocks) {
    const noted = notes.get(from);
    isThere.push(noted !== undefined && (await crcOfPiece(file, from, bytes)) === noted);
  }
  const content = checksum || wantsSha256 ? readContent(checksum, wantsSha256) : undefined;
  const missing = [...blocks.keys()].filter((index) => !isThere[index]);
  let left = missing.length;
  let next = 0;
  let checking: Promise<void> = Promise.resolve();
  /** Follows the download in the order of the content, while what it reads is still in memory. */
  const follow = (): void => {
    if (!content) return;
    for (let block = blocks[next]; block && isThere[next]; block = blocks[++next]) {
      const { from, bytes } = block;
      checking = checking.then(async () => {
        if (!(await readPiece(file, from, bytes, content.add)))
          throw new BadContent(`the part of ${key} is too short`);
      });
      checking.catch(() => undefined);
    }
  };
  follow();
  return {
    blocks,
    missing,
    keptBytes: blocks.reduce((sum, { bytes }, index) => sum + (isThere[index] ? bytes : 0), 0),
    add(index) {
      isThere[index] = true;
      left--;
      follow();
      return left === 0;
    },
    async check() {
      await checking;
      if (content?.isGood() === false) throw new BadContent(`${key} does not come to its checksum`);
      return content?.sha256();
    },
  };
}
