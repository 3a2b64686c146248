import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Clock } from '../../../foundation/clock.ts';
import { type ContentRead, readContent } from './checksum.ts';
import { BadContent, isPassing } from './error.ts';
import type { ObjectStore, StoredObject } from './stored-object.ts';

export interface BlockWanted {
  store: ObjectStore;
  object: StoredObject;
  from: number;
  bytes: number;
  /** Where it goes, at the same place. */
  file: FileHandle;
  clock: Clock;
  signal: AbortSignal;
  wantsSha256: boolean;
  /** Told of bytes as they come. */
  onBytes(count: number): void;
}

export interface BlockFetched {
  /** CRC-32. */
  crc: number;
  /** Has seen all of the block; only for one that is the whole object. */
  content: ContentRead | undefined;
}

/** Tries in a row that bring nothing. */
const mostTries = 7;
const firstDelayMs = 250;
const longestDelayMs = 8000;

/** Bytes that are collected before they are written. */
const writeBytes = 1024 ** 2;

/**
 * Fetches a block into a file, through broken connections: goes on from the byte where it was, as long as the object is
 * the same. Throws what the store throws once several tries in a row have brought nothing.
 */
export async function fetchBlock(wanted: BlockWanted): Promise<BlockFetched> {
  const { bytes, clock, signal } = wanted;
  const received = { bytes: 0, crc: 0, content: undefined as ContentRead | undefined };
  for (let tries = 1; ; tries++) {
    const before = received.bytes;
    try {
      await receive(wanted, received);
      if (received.bytes === bytes) return received;
      throw new BadContent(`of ${wanted.object.key}, less came than there is`);
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      if (received.bytes > before) tries = 1;
      if (tries >= mostTries) throw error;
      await clock.sleep(Math.min(firstDelayMs * 2 ** (tries - 1), longestDelayMs), signal);
    }
  }
}

async function receive(
  wanted: BlockWanted,
  received: { bytes: number; crc: number; content: ContentRead | undefined },
): Promise<void> {
  const { store, object, from, bytes, file, signal, onBytes } = wanted;
  const isWhole = bytes === object.size && received.bytes === 0;
  const range = isWhole ? undefined : { from: from + received.bytes, to: from + bytes - 1 };
  const { body, checksum } = await store.open(object, range, signal);
  if (isWhole) received.content = readContent(checksum, wanted.wantsSha256);
  const writer = writerAt(file, from + received.bytes);
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      if (received.bytes + piece.length > bytes)
        throw new Error(`of ${object.key}, more comes than there is`);
      received.crc = crc32(piece, received.crc);
      received.content?.add(piece);
      received.bytes += piece.length;
      await writer.add(piece);
      onBytes(piece.length);
    }
  } finally {
    // What came before a connection broke is good, and must be where the next try takes it to be.
    await writer.flush();
  }
}

/** Collects pieces; one write is under way while the next one is collected. */
function writerAt(file: FileHandle, start: number) {
  let position = start;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let underWay: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    const pieces = waiting;
    const length = waitingBytes;
    const at = position;
    position += length;
    waiting = [];
    waitingBytes = 0;
    await underWay;
    underWay = writeAll(file, pieces, length, at);
    // Its failure is thrown by whoever waits for it next.
    underWay.catch(() => undefined);
  };
  return {
    async add(piece: Buffer): Promise<void> {
      waiting.push(piece);
      waitingBytes += piece.length;
      if (waitingBytes >= writeBytes) await write();
    },
    async flush(): Promise<void> {
      if (waitingBytes > 0) await write();
      await underWay;
    },
  };
}

async function writeAll(file: FileHandle, pieces: Buffer[], length: number, at: number): Promise<void> {
  let { bytesWritten: done } = await file.writev(pieces, at);
  if (done === length) return;
  const rest = Buffer.concat(pieces);
  while (done < length) done += (await file.write(rest, done, length - done, at + done)).bytesWritten;
}
