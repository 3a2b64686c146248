import { StringDecoder } from 'node:string_decoder';
import { byteSearch } from './byte-search.ts';
import {
  endsLine,
  foldedSearch,
  type LinePrefix,
  lastTextFrom,
  type UnfoldedText,
  unfold,
} from './folded-search.ts';
import { mask, type Scrubber, shortestScrubbed } from './secret.ts';

/** A scrubber for bytes that come in chunks, wherever their borders fall, and line ends in a secret. */
export interface ScrubStream {
  /** What can be shown by now; it may be the chunk itself, so use it before the chunk's buffer is used again. */
  push(chunk: Uint8Array): Uint8Array;
  /** What was held back because it might have been the start of a secret. */
  end(): Uint8Array;
}

export interface ScrubStreamOptions {
  /** Somebody looks on: what may become a secret is held back from its third character on only. */
  live?: boolean;
  /** Where each line has something before what was printed. */
  linePrefix?: LinePrefix;
}

/** Characters of a secret that may show in live output; where secrets are short, half of them. */
const shownLive = 2;
/** Bytes of line ends that may stand in a secret, for each byte of the longest one. */
const mostFolds = 8;
const moreHeld = 4096;

const maskBytes: Uint8Array = Buffer.from(mask);
const nothing: Uint8Array = new Uint8Array();

export const needleBytes = (scrubber: Scrubber): Buffer[] =>
  scrubber.needles.map((needle) => Buffer.from(needle));

export function createScrubStream(
  scrubber: Scrubber,
  { live = false, linePrefix }: ScrubStreamOptions = {},
): ScrubStream {
  const needles = needleBytes(scrubber);
  if (needles.length === 0) return { push: (chunk) => chunk, end: () => nothing };
  const search = byteSearch(needles);
  const folded = foldedSearch(needles);
  const heldFrom = startOfPartial(needles);
  const lengths = needles.map(({ length }) => length);
  const longest = Math.max(...lengths);
  const mostHeld = mostFolds * longest + moreHeld;
  const mostShown = !live ? 0 : Math.min(...lengths) < 2 * shortestScrubbed ? shownLive / 2 : shownLive;
  let held = nothing;
  /** Bytes of `held` that were let out nevertheless: they are kept to know the rest of a secret by. */
  let out = 0;

  /** Scrubs up to what may become a secret, which is held back, or to the end. */
  const scrub = (bytes: Uint8Array, isEnd: boolean): Uint8Array => {
    // Nearly always there is none, and what may become one is at the end.
    const isNone = !linePrefix && !folded(bytes, 0, bytes.length);
    const unfolded = unfold(bytes, linePrefix, isNone ? lastTextFrom(bytes, longest - 1) : 0);
    const { text, placeOf } = unfolded;
    const parts: Uint8Array[] = [];
    const shownFrom = (index: number): number => (index < text.length ? placeOf(index) : bytes.length);
    const holdFrom = (from: number): number =>
      isEnd ? text.length : from + heldFrom(from === 0 ? text : text.subarray(from));
    let to = holdFrom(0);
    for (let hit = search(text, 0, text.length); hit && hit.start < to; ) {
      const start = placeOf(hit.start);
      const end = placeOf(hit.end - 1) + 1;
      if (start > out) parts.push(bytes.subarray(out, start));
      parts.push(...masked(bytes, unfolded, { ...hit, from: out, to: end }));
      out = Math.max(out, end);
      if (hit.end > to) to = holdFrom(hit.end);
      hit = search(text, hit.end, text.length);
    }
    const kept = shownFrom(to);
    if (kept > out) parts.push(bytes.subarray(out, kept));
    out = Math.max(0, out - kept);
    held = new Uint8Array(bytes.subarray(kept));
    if (to < text.length)
      letOut(parts, { text: text.subarray(to), placeOf: (at) => placeOf(to + at) - kept });
    return parts.length === 1 ? (parts[0] ?? nothing) : Buffer.concat(parts);
  };

  /** Lets out of `held` what is too short to be held back, or too long; it stays known, for the rest of the secret. */
  const letOut = (parts: Uint8Array[], pending: UnfoldedText): void => {
    const { text } = pending;
    if (text.length > mostShown && held.length <= mostHeld) return;
    if (text.length < shortestScrubbed) parts.push(held.subarray(out));
    else parts.push(...masked(held, pending, { start: 0, end: text.length, from: out, to: held.length }));
    if (held.length > mostHeld) held = Buffer.concat([text, tailOfLineEnds(held, pending)]);
    out = held.length;
  };

  return {
    push: (chunk) => scrub(held.length === 0 ? chunk : Buffer.concat([held, chunk]), false),
    end: () => scrub(held, true),
  };
}

/**
 * Masks for the bytes `start … end` of the text, one in each line, and the line ends that stood in it and behind it, up to
 * the place `to`. Nothing stands for what lies before the place `from`.
 */
function masked(
  bytes: Uint8Array,
  { placeOf }: UnfoldedText,
  { start, end, from, to }: { start: number; end: number; from: number; to: number },
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let isMasked = false;
  for (let index = start; index < end; index++) {
    const place = placeOf(index);
    if (!isMasked && place >= from) {
      parts.push(maskBytes);
      isMasked = true;
    }
    const next = index + 1 < end ? placeOf(index + 1) : to;
    if (next === place + 1) continue;
    if (next > from) parts.push(bytes.subarray(Math.max(from, place + 1), next));
    isMasked = false;
  }
  return parts;
}

/** As much of the line ends behind the text as tells that a line begins, with its prefix. */
function tailOfLineEnds(bytes: Uint8Array, { text, placeOf }: UnfoldedText): Uint8Array {
  const last = placeOf(text.length - 1);
  let at = bytes.length - 1;
  while (at > last && !endsLine(bytes[at])) at--;
  return at > last ? bytes.subarray(at) : nothing;
}

/** The same for who needs text: characters that are cut by a border come whole as well. */
export interface TextScrubStream {
  push(chunk: Uint8Array): string;
  end(): string;
}

export function createTextScrubStream(scrubber: Scrubber, options?: ScrubStreamOptions): TextScrubStream {
  const stream = createScrubStream(scrubber, options);
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
