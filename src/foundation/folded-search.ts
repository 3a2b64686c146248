/** Texts that line ends may break anywhere, as encoders and terminals that fold long lines do. */
import { type ByteHit, type ByteSearch, type Needle, pairTable } from './byte-search.ts';

const lineFeed = 10;
const carriageReturn = 13;
const noPair = -1;

export const endsLine = (byte: number | undefined): boolean => byte === lineFeed || byte === carriageReturn;

/**
 * Finds what `byteSearch` would find if the haystack had no line ends. The window of that search jumps over the bytes as
 * they are: line ends only make distances longer, so it never jumps too far. Where one of the two bytes that it looks at is a
 * line end, a closer look is taken; elsewhere line ends cost nothing. Needles have two bytes at least, and no line ends.
 */
export function foldedSearch(needles: readonly Uint8Array[]): ByteSearch {
  if (needles.length === 0) return () => undefined;
  const window = Math.min(...needles.map(({ length }) => length));
  const { jumps, endings } = pairTable(
    needles.map((bytes, needle) => ({ bytes, needle })),
    window,
  );
  const quick = withoutLineEnds(jumps);
  return (haystack, from, to) => {
    for (let last = from + window - 1; last < to; ) {
      const jump = quick[((haystack[last - 1] as number) << 8) | (haystack[last] as number)] as number;
      if (jump > 0) {
        last += jump;
        continue;
      }
      if (endsLine(haystack[last])) {
        last++;
        continue;
      }
      const before = stepBack(haystack, from, last);
      const pair = before < from ? noPair : ((haystack[before] as number) << 8) | (haystack[last] as number);
      const further = pair === noPair ? 1 : (jumps[pair] as number);
      if (further === 0) {
        const found = firstThatLies(endings.get(pair) ?? [], haystack, { from, last, to, window });
        if (found) return found;
      }
      last += Math.max(1, further);
    }
    return undefined;
  };
}

/** The jumps, with none where one of the two bytes ends a line. */
function withoutLineEnds(jumps: Uint8Array): Uint8Array {
  const quick = Uint8Array.from(jumps);
  for (const end of [lineFeed, carriageReturn]) {
    for (let other = 0; other < 256; other++) {
      quick[(end << 8) | other] = 0;
      quick[(other << 8) | end] = 0;
    }
  }
  return quick;
}

/** The place before `at` that holds no line end; before `from` when there is none. */
function stepBack(haystack: Uint8Array, from: number, at: number): number {
  let before = at - 1;
  while (before >= from && endsLine(haystack[before])) before--;
  return before;
}

function firstThatLies(
  needles: readonly Needle[],
  haystack: Uint8Array,
  { from, last, to, window }: { from: number; last: number; to: number; window: number },
): ByteHit | undefined {
  let start = last;
  for (let step = 1; step < window; step++) start = stepBack(haystack, from, start);
  if (start < from) return undefined;
  for (const { bytes, needle } of needles) {
    const end = endOf(bytes, haystack, start, to);
    if (end !== undefined) return { start, end, needle };
  }
  return undefined;
}

/** Where the needle ends that starts at `start`, wholly before `to`; undefined when another text stands there. */
function endOf(needle: Uint8Array, haystack: Uint8Array, start: number, to: number): number | undefined {
  let at = start;
  for (const byte of needle) {
    while (at < to && endsLine(haystack[at])) at++;
    if (at >= to || haystack[at] !== byte) return undefined;
    at++;
  }
  return at;
}

/** Tells, for bytes that come in chunks, whether a needle was among them by now, whatever line ends are in it. */
export function foldedDetector(needles: readonly Uint8Array[]): (chunk: Uint8Array) => boolean {
  if (needles.length === 0) return () => false;
  const search = foldedSearch(needles);
  const overlap = Math.max(...needles.map(({ length }) => length)) - 1;
  let tail: Uint8Array = new Uint8Array();
  return (chunk) => {
    const seam = Buffer.concat([tail, firstText(chunk, overlap)]);
    if (search(seam, 0, seam.length) || search(chunk, 0, chunk.length)) return true;
    const { text: last } = unfold(new Uint8Array(chunk.subarray(lastTextFrom(chunk, overlap))));
    const before = overlap - last.length;
    tail = before > 0 ? Buffer.concat([tail.subarray(Math.max(0, tail.length - before)), last]) : last;
    return false;
  };
}

/** The first bytes that end no line. */
function firstText(bytes: Uint8Array, most: number): Uint8Array {
  const text = new Uint8Array(Math.min(most, bytes.length));
  let length = 0;
  for (let at = 0; at < bytes.length && length < text.length; at++) {
    if (!endsLine(bytes[at])) text[length++] = bytes[at] as number;
  }
  return text.subarray(0, length);
}

/** A text without its line ends, and where it stood. */
export interface UnfoldedText {
  text: Uint8Array;
  /** The place of a byte of `text` in what it was made of. */
  placeOf(index: number): number;
}

/**
 * How many bytes at `start`, the beginning of a line, were put there by the program that shows others' lines. What may be
 * the first part of such a prefix counts when the bytes end with it.
 */
export type LinePrefix = (bytes: Uint8Array, start: number) => number;

/** Takes out line ends from `from` on, with the prefixes behind them; the text may be the bytes themselves. */
export function unfold(bytes: Uint8Array, prefix?: LinePrefix, from = 0): UnfoldedText {
  const part = from === 0 ? bytes : bytes.subarray(from);
  if (!part.includes(lineFeed) && !part.includes(carriageReturn)) {
    return { text: part, placeOf: (index) => from + index };
  }
  const text = new Uint8Array(part.length);
  const places = new Uint32Array(part.length);
  let length = 0;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === lineFeed || byte === carriageReturn) {
      if (prefix && !endsLine(bytes[at + 1])) at += prefix(bytes, at + 1);
      continue;
    }
    places[length] = at;
    text[length] = byte;
    length++;
  }
  return { text: text.subarray(0, length), placeOf: (index) => places[index] as number };
}

/** From where on a text has `most` bytes that end no line; 0 when it has fewer. */
export function lastTextFrom(bytes: Uint8Array, most: number): number {
  let at = bytes.length;
  for (let left = most; at > 0 && left > 0; ) {
    at--;
    if (!endsLine(bytes[at])) left--;
  }
  return at;
}
