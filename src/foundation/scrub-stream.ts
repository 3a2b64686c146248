import { StringDecoder } from 'node:string_decoder';
import { byteSearch } from './byte-search.ts';
import { mask, type Scrubber } from './secret.ts';

/** A scrubber for bytes that come in chunks, wherever their borders fall. */
export interface ScrubStream {
  /** What can be shown by now; it may be the chunk itself, so use it before the chunk's buffer is used again. */
  push(chunk: Uint8Array): Uint8Array;
  /** What was held back because it might have been the start of a secret. */
  end(): Uint8Array;
}

export const needleBytes = (scrubber: Scrubber): Buffer[] =>
  scrubber.needles.map((needle) => Buffer.from(needle));

export function createScrubStream(scrubber: Scrubber): ScrubStream {
  const needles = needleBytes(scrubber);
  if (needles.length === 0) return { push: (chunk) => chunk, end: () => new Uint8Array() };
  const search = byteSearch(needles);
  const heldFrom = startOfPartial(needles);
  const maskBytes = Buffer.from(mask);
  let held: Uint8Array = new Uint8Array();

  /** Scrubs up to `to`, or to the end of a secret that reaches beyond it; the rest is held back. */
  const scrub = (bytes: Uint8Array, to: number): Uint8Array => {
    const parts: Uint8Array[] = [];
    let at = 0;
    for (let hit = search(bytes, 0, bytes.length); hit && hit.start < to; ) {
      parts.push(bytes.subarray(at, hit.start), maskBytes);
      at = hit.end;
      hit = search(bytes, at, bytes.length);
    }
    const end = Math.max(at, to);
    held = Uint8Array.from(bytes.subarray(end));
    if (parts.length === 0) return bytes.subarray(0, end);
    parts.push(bytes.subarray(at, end));
    return Buffer.concat(parts);
  };

  return {
    push(chunk) {
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      return scrub(bytes, heldFrom(bytes));
    },
    end: () => scrub(held, held.length),
  };
}

/** The same for who needs text: characters that are cut by a border come whole as well. */
export interface TextScrubStream {
  push(chunk: Uint8Array): string;
  end(): string;
}

export function createTextScrubStream(scrubber: Scrubber): TextScrubStream {
  const stream = createScrubStream(scrubber);
  const decoder = new StringDecoder('utf8');
  return {
    push: (chunk) => decoder.write(Buffer.from(stream.push(chunk))),
    end: () => decoder.write(Buffer.from(stream.end())) + decoder.end(),
  };
}

export function scrubBytes(bytes: Uint8Array, scrubber: Scrubber): Buffer {
  const stream = createScrubStream(scrubber);
  return Buffer.concat([stream.push(bytes), stream.end()]);
}

/** Where the tail begins that may be the start of a needle; the length when there is none. */
function startOfPartial(needles: readonly Buffer[]): (bytes: Uint8Array) => number {
  const longest = Math.max(...needles.map((needle) => needle.length));
  const byFirst = new Map<number, Buffer[]>();
  for (const needle of needles) {
    const first = needle[0] ?? 0;
    byFirst.set(first, [...(byFirst.get(first) ?? []), needle]);
  }
  return (bytes) => {
    for (let start = Math.max(0, bytes.length - longest + 1); start < bytes.length; start++) {
      const tail = bytes.length - start;
      const candidates = byFirst.get(bytes[start] ?? 0) ?? [];
      if (candidates.some((needle) => needle.length > tail && endsWithStartOf(bytes, start, needle)))
        return start;
    }
    return bytes.length;
  };
}

function endsWithStartOf(bytes: Uint8Array, start: number, needle: Uint8Array): boolean {
  for (let index = start; index < bytes.length; index++) {
    if (bytes[index] !== needle[index - start]) return false;
  }
  return true;
}
