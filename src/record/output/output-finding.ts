import { type ByteHit, type ByteSearch, byteSearch } from '../../foundation/byte-search.ts';
import type { FailureClass } from '../record-schema.ts';
import { classOf, type ErrorPatterns, weightOf } from './error-pattern.ts';
import { type Bounds, lineAround, mayHoldNumber, quoteLine, restOfLine, textOf } from './line-bytes.ts';
import {
  fallbackMarker,
  findFallbackMetric,
  findMetric,
  metricMarker,
  type PrintedMetric,
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
  /** Applied to the metric's name, and to quoted lines before they are shortened, so that no half of a secret stays. */
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

/** What the C library says for ENOSPC and EDQUOT. */
const fullDiskTexts = ['No space left on device', 'Disk quota exceeded'];

/** What an output has shown so far. */
interface Shown {
  metric?: PrintedMetric;
  fallback?: PrintedMetric | undefined;
  /** The line of a metric that has no name. */
  bareLine?: string;
  /** The first line with a `performance:` that couldn't be read. */
  unreadLine?: string;
  error?: FoundError;
  fullDiskLine?: string;
}

type Kind = 'metric' | 'fallback' | 'fullDisk' | 'error';

/** A text that makes a line worth a look, and for what: where it lies, texts that it begins with lie too. */
interface Mark {
  text: string;
  kinds: readonly Kind[];
  /** A text whose colon stands behind a change of colour, as in `performance` in bold; what the line says is to be seen. */
  coloured?: true;
}

/** What was found so far in a model's output, and the search for what is still worth finding. */
export function createFindings({ errors, scrub = (text) => text }: FindingOptions): OutputFindings {
  const shown: Shown = {};
  const judging = { shown, patterns: errors.patterns, isBenign: benignTest(errors), scrub };
  let marks: readonly Mark[] = [];
  let search: ByteSearch = () => undefined;
  const searchForTheRest = (): void => {
    marks = marksWorthFinding(shown, errors);
    search = byteSearch(marks.map(({ text }) => Buffer.from(text)));
  };
  searchForTheRest();

  return {
    get metric() {
      return named(shown.metric);
    },
    get complete() {
      return marks.length === 0;
    },
    look(block, from, to, end) {
      const judges = judgesOf(block, end, judging);
      for (let at = from; at < to && marks.length > 0; ) {
        const hit = search(block, at, end);
        if (!hit || hit.start >= to) return;
        if (judgeHit(hit, marks[hit.needle], judges)) searchForTheRest();
        // Not from its end: a user's pattern may overlap with another mark.
        at = hit.start + 1;
      }
    },
    result: () => findingsOf(shown),
  };
}

/** All but what can't change the result any more. */
function marksWorthFinding({ metric, fallback, fullDiskLine, error }: Shown, errors: ErrorPatterns): Mark[] {
  const texts: [Kind, string][] = [];
  if (!metric) texts.push(['metric', metricMarker]);
  if (!metric && !fallback) texts.push(['fallback', fallbackMarker]);
  if (fullDiskLine === undefined) for (const text of fullDiskTexts) texts.push(['fullDisk', text]);
  for (const pattern of errors.enabled ? errors.patterns : []) {
    if (!error || weightOf(pattern) > weightOf(error.pattern)) texts.push(['error', pattern]);
  }
  const kindsIn = (text: string): Kind[] =>
    texts.filter(([, other]) => text.startsWith(other)).map(([kind]) => kind);
  const coloured = texts
    .filter(([, text]) => text.length > 1 && text.endsWith(':'))
    .map(([kind, text]): Mark => {
      const before = `${text.slice(0, -1)}\x1b`;
      return { text: before, kinds: [...new Set([kind, ...kindsIn(before)])], coloured: true };
    });
  return [...texts.map(([, text]): Mark => ({ text, kinds: [...new Set(kindsIn(text))] })), ...coloured];
}

/** Notes what a hit shows. True when it was news: less is worth finding then. */
type Judge = (hit: ByteHit, mark: Mark) => boolean;

function judgeHit(hit: ByteHit, mark: Mark | undefined, judges: Readonly<Record<Kind, Judge>>): boolean {
  let isNews = false;
  for (const kind of mark?.kinds ?? []) if (mark && judges[kind](hit, mark)) isNews = true;
  return isNews;
}

interface Judging {
  /** Gets what is found. */
  shown: Shown;
  patterns: readonly string[];
  isBenign: BenignTest;
  scrub(text: string): string;
}

/** The judges of the hits in one block, given from its first byte to its last. */
function judgesOf(
  block: Uint8Array,
  end: number,
  { shown, patterns, isBenign, scrub }: Judging,
): Readonly<Record<Kind, Judge>> {
  const quote = (hit: ByteHit, line = lineAround(block, hit.start, end)): string =>
    quoteLine(block, line, hit, scrub);
  /** Where the last line ended that was judged for errors: one look at a line is enough. */
  let judgedTo = 0;
  return {
    metric(hit, { coloured }) {
      const isPlain = coloured || mayHoldNumber(block, hit.end, end);
      const line = isPlain ? restOfLine(block, hit.start, end) : '';
      if (coloured && !line.startsWith(metricMarker)) return false;
      const found = findMetric(line);
      if (!found) {
        shown.unreadLine ??= quote(hit);
        return false;
      }
      shown.metric = { ...found, ...(found.name !== undefined && { name: scrub(found.name) }) };
      if (found.name === undefined) shown.bareLine = quote(hit);
      return true;
    },
    fallback(hit) {
      shown.fallback = findFallbackMetric(restOfLine(block, hit.start, end));
      return shown.fallback !== undefined;
    },
    fullDisk(hit) {
      shown.fullDiskLine = quote(hit);
      return true;
    },
    error(hit, mark) {
      if (hit.start < judgedTo) return false;
      const bounds = lineAround(block, hit.start, end);
      judgedTo = bounds.end;
      if (isBenign.bytes(block, bounds)) return false;
      const line = textOf(block, bounds);
      if (isBenign.line(line)) return false;
      const pattern = mostTelling(patterns, line) ?? (mark.coloured ? undefined : mark.text);
      if (pattern === undefined) return false;
      shown.error = { pattern, line: quote(hit, bounds), class: classOf(pattern) };
      return true;
    },
  };
}

/** Of the patterns that a line holds, the one that tells most. */
const mostTelling = (patterns: readonly string[], line: string): string | undefined =>
  patterns.filter((pattern) => line.includes(pattern)).sort((a, b) => weightOf(b) - weightOf(a))[0];

interface BenignTest {
  /** Knows most benign lines, and spares decoding them where a log is full of them. */
  bytes(block: Uint8Array, line: Bounds): boolean;
  line(text: string): boolean;
}

function benignTest({ benign }: ErrorPatterns): BenignTest {
  const texts = benign.filter((item) => typeof item === 'string');
  const search = byteSearch(texts.map((text) => Buffer.from(text)));
  return {
    bytes: (block, { start, end }) => search(block, start, end) !== undefined,
    line: (text) =>
      benign.some((item) =>
        typeof item === 'string' ? item !== '' && text.includes(item) : item.test(text),
      ),
  };
}

function findingsOf({ metric, fallback, bareLine, unreadLine, error, fullDiskLine }: Shown): Findings {
  const best = named(metric ?? fallback);
  const line = metric ? bareLine : unreadLine;
  return {
    ...(best && { metric: best }),
    ...(best && !metric && { fallback: true as const }),
    ...(!best && line !== undefined && { unreadLine: line }),
    ...(error && { firstError: error }),
    ...(fullDiskLine !== undefined && { fullDiskLine }),
  };
}

const named = (metric: PrintedMetric | undefined): FoundMetric | undefined =>
  metric?.name === undefined ? undefined : { ...metric, name: metric.name };
