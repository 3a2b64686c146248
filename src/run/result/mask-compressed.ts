/** Compressed outputs of tools: what they hold stands in no byte of the file itself. */
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { temporaryBeside } from '../../foundation/file/atomic-write.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { foldedDetector } from '../../foundation/folded-search.ts';
import { createScrubStream, needleBytes } from '../../foundation/scrub-stream.ts';
import type { Scrubber } from '../../foundation/secret.ts';

/** No trace is longer; a file that claims to be was made to keep its reader busy. */
const mostBytes = 64 * 1024 ** 3;

/**
 * Masks the secrets in a gzip file, in its place; returns whether there were any. Does nothing to other files, and leaves
 * behind a file that is damaged what could be read of it without a secret. Throws for one that is longer than all traces.
 */
export async function maskCompressed(
  path: string,
  scrubber: Scrubber,
  limitBytes = mostBytes,
): Promise<boolean> {
  if (scrubber.needles.length === 0 || !(await isGzip(path))) return false;
  if (!(await holdsSecret(path, scrubber, limitBytes))) return false;
  const temporary = temporaryBeside(path);
  const stream = createScrubStream(scrubber);
  const scrub = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) yield stream.push(chunk);
    yield stream.end();
  };
  try {
    const target = createWriteStream(temporary, { flags: 'wx', mode: 0o600 });
    await pipeline(createReadStream(path), createGunzip(), scrub, createGzip({ level: 1 }), target);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  return true;
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

async function holdsSecret(path: string, scrubber: Scrubber, limitBytes: number): Promise<boolean> {
  const isIn = foldedDetector(needleBytes(scrubber));
  const file = createReadStream(path);
  const content = file.pipe(createGunzip());
  file.on('error', (error) => content.destroy(error));
  let total = 0;
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      total += chunk.length;
      if (total > limitBytes) throw new Error(`it unpacks to more than ${limitBytes} bytes`);
      if (isIn(chunk)) return true;
    }
    return false;
  } catch (error) {
    // Cut short, or no gzip after all: nobody reads further than this.
    if (String(errnoOf(error)).startsWith('Z_')) return false;
    throw error;
  } finally {
    file.destroy();
    content.destroy();
  }
}
