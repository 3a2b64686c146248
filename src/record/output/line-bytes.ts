/** The lines of an output that lies in memory as bytes: where they begin and end, and their text. */
import { endsLine } from '../../foundation/folded-search.ts';
import { plainLine } from './metric-pattern.ts';

/** The bytes from `start` to before `end`. */
export interface Bounds {
  start: number;
  end: number;
}

/** Bytes of a line that are looked at on either side of an error. */
export const reach = 16 * 1024;
/** Bytes after `performance:` in which number and metric must stand. */
const metricReach = 512;
const longestQuote = 500;

export const lineFeed = 10;

/** The line that the byte at `at` belongs to, or as much of it as is within reach. */
export function lineAround(block: Uint8Array, at: number, limit: number): Bounds {
  let start = at;
  for (const first = Math.max(0, at - reach); start > first && !endsLine(block[start - 1]); ) start--;
  return { start, end: lineEnd(block, at, Math.min(limit, at + reach)) };
}

function lineEnd(block: Uint8Array, from: number, limit: number): number {
  let end = from;
  while (end < limit && !endsLine(block[end])) end++;
  return end;
}

/** The text without colours and control characters. */
export const textOf = (block: Uint8Array, { start, end }: Bounds): string =>
  plainLine(Buffer.from(block.buffer, block.byteOffset + start, end - start).toString('utf8'));

/** The text from `start` to the end of the line, as far as a metric may reach. */
export const restOfLine = (block: Uint8Array, start: number, limit: number): string =>
  textOf(block, { start, end: lineEnd(block, start, Math.min(limit, start + metricReach)) });

/** Spares decoding a line whose `performance:` is followed by a plain word, which some logs are full of. */
export function mayHoldNumber(block: Uint8Array, from: number, limit: number): boolean {
  let at = from;
  while (at < limit && (block[at] === 0x20 || block[at] === 0x09)) at++;
  const byte = at < limit ? (block[at] ?? 0) : 0x20;
  // Digits, sign and point; colours and blanks beyond ASCII are for a closer look.
  return '+-.0123456789'.includes(String.fromCharCode(byte)) || byte < 0x20 || byte >= 0x80;
}

/**
 * The line as people are shown it: scrubbed first, so that no half of a secret stays, then shortened around what was
 * found in it.
 */
export function quoteLine(
  block: Uint8Array,
  line: Bounds,
  found: Bounds,
  scrub: (text: string) => string,
): string {
  const before = textOf(block, { start: line.start, end: found.start }).length;
  return shorten(scrub(textOf(block, line)), before, found.end - found.start);
}

/** The part of a long line around the `length` characters at `at`. */
function shorten(line: string, at: number, length: number): string {
  if (line.length <= longestQuote) return line.trim();
  const spare = Math.max(0, longestQuote - length) >> 1;
  const start = Math.max(0, Math.min(at - spare, line.length - longestQuote));
  const end = start + longestQuote;
  return `${start > 0 ? '…' : ''}${line.slice(start, end)}${end < line.length ? '…' : ''}`;
}
