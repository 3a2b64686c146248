import { type ByteHit, type ByteSearch, byteSearch } from '../../foundation/byte-search.ts';
import type { FailureClass } from '../record-schema.ts';
import { classOf, type ErrorPatterns, weightOf } from './error-pattern.ts';
import {
  fallbackMarker,
  findFallbackMetric,
  findMetric,
  metricMarker,
  type PrintedMetric,
  plainLine,
} from './metric-pattern.ts';

export interface FoundMetric {
  name: string;
  value: number;
  /** The number as printed. */
  text: string;
}

export interface FoundError {
  pattern: string;
  /** The line that shows it: plain text, scrubbed, shortened around the pattern when very long. */
  line: string;
  class: FailureClass;
}

export interface Findings {
  metric?: FoundMetric;
  /** The metric came from `train_samples_per_second`, there being no other. */
  fallback?: true;
  /** Without a metric: the line whose number has no metric, else the first `performance:` that couldn't be read. */
  unreadLine?: string;
  /** The first error, unless a later one tells more of the cause (lack of memory above all). */
  firstError?: FoundError;
  /** The first line that says that a disk is full: the cause of a failure, and no error by itself. */
  fullDiskLine?: string;
}

export interface FindingOptions {
  errors: ErrorPatterns;
  /** Applied to quoted lines before they are shortened, so that no half of a secret stays; never to the metric. */
  scrub?(text: string): string;
}

export interface OutputFindings {
  readonly metric: FoundMetric | undefined;
  /** Nothing further can change the result. */
  readonly complete: boolean;
  /** Looks at the hits that start in `from … to` of the block; their lines reach up to `end` at most. */
  look(block: Uint8Array, from: number, to: number, end: number): void;
  result(): Findings;
}

/** Bytes of a line that are looked at on either side of an error. */
export const reach = 16 * 1024;
/** Bytes after `performance:` in which number and metric must stand. */
const metricReach = 512;
const longestQuote = 500;
/** What the C library says for ENOSPC and EDQUOT. */
const fullDiskTexts = ['No space left on device', 'Disk quota exceeded'];
export const lineFeed = 10;
const carriageReturn = 13;

type Kind = 'metric' | 'fallback' | 'error' | 'fullDisk';

/** A text that makes a line worth a look, and for what: where it lies, texts that it begins with lie too. */
interface Mark {
  text: string;
  kinds: ReadonlySet<Kind>;
}

const noKinds: ReadonlySet<Kind> = new Set();
interface Bounds {
  start: number;
  end: number;
}

/** What was found so far in a model's output, and the search for what is still worth finding. */
export function createFindings({ errors, scrub = (text) => text }: FindingOptions): OutputFindings {
  const isBenign = benignTest(errors);
  let metric: PrintedMetric | undefined;
  let fallback: PrintedMetric | undefined;
  let bareLine: string | undefined;
  let unreadLine: string | undefined;
  let error: FoundError | undefined;
  let fullDiskLine: string | undefined;
  let marks: Mark[] = [];
  let search: ByteSearch;

  /** Drops from the search what can't change the result any more. */
  const narrow = (): void => {
    const texts: [Kind, string][] = [];
    if (!metric) texts.push(['metric', metricMarker]);
    if (!metric && !fallback) texts.push(['fallback', fallbackMarker]);
    if (fullDiskLine === undefined) for (const text of fullDiskTexts) texts.push(['fullDisk', text]);
    for (const pattern of errors.enabled ? errors.patterns : []) {
      if (!error || weightOf(pattern) > weightOf(error.pattern)) texts.push(['error', pattern]);
    }
    marks = texts.map(([, text]) => ({
      text,
      kinds: new Set(texts.filter(([, other]) => text.startsWith(other)).map(([kind]) => kind)),
    }));
    search = byteSearch(marks.map(({ text }) => Buffer.from(text)));
  };
  narrow();

  const quoteLine = (block: Uint8Array, hit: ByteHit, line: Bounds): string => {
    const before = plainLine(decode(block, line.start, hit.start)).length;
    return shorten(scrub(plainLine(decode(block, line.start, line.end))), before, hit.end - hit.start);
  };

  const judgeMetric = (block: Uint8Array, hit: ByteHit, end: number): void => {
    const found = mayHoldNumber(block, hit.end, end) && findMetric(restOfLine(block, hit.start, end));
    if (found) {
      metric = found;
      if (found.name === undefined) bareLine = quoteLine(block, hit, lineAround(block, hit.start, end));
      narrow();
    } else {
      unreadLine ??= quoteLine(block, hit, lineAround(block, hit.start, end));
    }
  };

  const judgeFallback = (block: Uint8Array, hit: ByteHit, end: number): void => {
    fallback = findFallbackMetric(restOfLine(block, hit.start, end));
    if (fallback) narrow();
  };

  const judgeError = (block: Uint8Array, hit: ByteHit, bounds: Bounds): void => {
    if (isBenign.bytes(block, bounds)) return;
    const line = plainLine(decode(block, bounds.start, bounds.end));
    if (isBenign.line(line)) return;
    const pattern = telling(errors.patterns, line) ?? marks[hit.needle]?.text ?? '';
    error = { pattern, line: quoteLine(block, hit, bounds), class: classOf(pattern) };
    narrow();
  };

  const look = (block: Uint8Array, from: number, to: number, end: number): void => {
    /** Where the last line ended that was judged for errors: one look at a line is enough. */
    let judged = from;
    const judge = (hit: ByteHit): void => {
      const kinds = marks[hit.needle]?.kinds ?? noKinds;
      if (kinds.has('metric')) judgeMetric(block, hit, end);
      if (kinds.has('fallback')) judgeFallback(block, hit, end);
      if (kinds.has('fullDisk') && fullDiskLine === undefined) {
        fullDiskLine = quoteLine(block, hit, lineAround(block, hit.start, end));
        narrow();
      }
      if (hit.start < judged || !kinds.has('error')) return;
      const bounds = lineAround(block, hit.start, end);
      judged = bounds.end;
      judgeError(block, hit, bounds);
    };
    for (let at = from; at < to && marks.length > 0; ) {
      const hit = search(block, at, end);
      if (!hit || hit.start >= to) return;
      judge(hit);
      // Not from its end: a user's pattern may overlap with another mark.
      at = hit.start + 1;
    }
  };

  const result = (): Findings => {
    const best = metric ?? fallback;
    const quoted = metric ? bareLine : unreadLine;
    return {
      ...(best?.name !== undefined && { metric: { ...best, name: best.name } }),
      ...(best === fallback && best && { fallback: true as const }),
      ...(best?.name === undefined && quoted !== undefined && { unreadLine: quoted }),
      ...(error && { firstError: error }),
      ...(fullDiskLine !== undefined && { fullDiskLine }),
    };
  };

  return {
    get metric() {
      return metric?.name === undefined ? undefined : { ...metric, name: metric.name };
    },
    get complete() {
      return marks.length === 0;
    },
    look,
    result,
  };
}

/** Of the patterns that a line holds, the one that tells most. */
const telling = (patterns: readonly string[], line: string): string | undefined =>
  patterns.filter((pattern) => line.includes(pattern)).sort((a, b) => weightOf(b) - weightOf(a))[0];

/** Most benign lines are known by their bytes, which spares decoding them where a log is full of them. */
function benignTest({ benign }: ErrorPatterns) {
  const texts = benign.filter((item) => typeof item === 'string');
  const search = byteSearch(texts.map((text) => Buffer.from(text)));
  return {
    bytes: (block: Uint8Array, { start, end }: Bounds): boolean => search(block, start, end) !== undefined,
    line: (line: string): boolean =>
      benign.some((item) =>
        typeof item === 'string' ? item !== '' && line.includes(item) : item.test(line),
      ),
  };
}

const decode = (block: Uint8Array, start: number, end: number): string =>
  Buffer.from(block.buffer, block.byteOffset + start, end - start).toString('utf8');

const endsLine = (byte: number | undefined): boolean => byte === lineFeed || byte === carriageReturn;

function lineAround(block: Uint8Array, at: number, limit: number): Bounds {
  let start = at;
  for (const first = Math.max(0, at - reach); start > first && !endsLine(block[start - 1]); ) start--;
  return { start, end: lineEnd(block, at, Math.min(limit, at + reach)) };
}

function lineEnd(block: Uint8Array, from: number, limit: number): number {
  let end = from;
  while (end < limit && !endsLine(block[end])) end++;
  return end;
}

const restOfLine = (block: Uint8Array, start: number, end: number): string =>
  plainLine(decode(block, start, lineEnd(block, start, Math.min(end, start + metricReach))));

/** Spares decoding a line whose `performance:` is followed by a plain word, which some logs are full of. */
function mayHoldNumber(block: Uint8Array, from: number, limit: number): boolean {
  let at = from;
  while (at < limit && (block[at] === 0x20 || block[at] === 0x09)) at++;
  const byte = at < limit ? (block[at] ?? 0) : 0x20;
  // Digits, sign and point; colours and blanks beyond ASCII are for a closer look.
  return '+-.0123456789'.includes(String.fromCharCode(byte)) || byte < 0x20 || byte >= 0x80;
}

/** The part of a long line around what was found at `at`. */
function shorten(line: string, at: number, length: number): string {
  if (line.length <= longestQuote) return line.trim();
  const spare = Math.max(0, longestQuote - length) >> 1;
  const start = Math.max(0, Math.min(at - spare, line.length - longestQuote));
  const end = start + longestQuote;
  return `${start > 0 ? '…' : ''}${line.slice(start, end)}${end < line.length ? '…' : ''}`;
}
