import { closeSync, constants, fstatSync, openSync, read } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../foundation/clock.ts';
import { watchFolder } from '../foundation/file/folder-changes.ts';
import { createTextScrubStream } from '../foundation/scrub-stream.ts';
import type { Scrubber } from '../foundation/secret.ts';
import type { FoundMetric } from '../record/output/output-finding.ts';
import type { OutputScanner, ScanResult } from '../record/output/output-scanner.ts';
import { parseMarks } from '../stage/marks.ts';
import { controlFiles, type StageMark, type StageName } from '../stage/stage.ts';

export interface FollowOptions {
  /** The run's control folder on this machine. */
  control: string;
  /** Gets the output of the model itself, not that of other stages. */
  scanner: OutputScanner;
  /** Gets the output of post-scripts, where there are any. */
  afterwards?: OutputScanner | undefined;
  scrubber: Scrubber;
  /** Output of all stages as it comes, scrubbed. */
  onOutput?(text: string): void;
  onMark?(mark: StageMark): void;
  /** Called once, as soon as there is a metric. */
  onMetric?(metric: FoundMetric): void;
  clock: Clock;
  /** Ends the following at once; `finish` still reads what is there. */
  signal: AbortSignal;
}

export interface FollowResult {
  scan: ScanResult;
  marks: readonly StageMark[];
  /** Length of the whole output. */
  bytes: number;
  /** Where something went wrong: what the stage that failed, else the model, wrote last; scrubbed, 16 KiB at most. */
  tail: string;
}

export interface OutputFollower {
  /** To be called when the program is over: reads all that is left, and closes the files. Further calls have the same answer. */
  finish(): Promise<FollowResult>;
}

const chunkBytes = 256 * 1024;
const mostMarkBytes = 1024 * 1024;
const tailBytes = 16 * 1024;
const recheck = { ms: 1000, withoutEventsMs: 200 };
/** Milliseconds in which a busy model's further output is left to gather; marks are few, and somebody waits for the last. */
const gatherMs = 25;

const readAt = promisify(read);

/**
 * Follows the output and the marks of a running stage program by file events. The files are made here if the host has
 * not done so, so that they belong to us and nobody else can read them; they stay open, so that it doesn't matter
 * what the run does to their names. A slow follower never holds up the model.
 */
export function followOutput(options: FollowOptions): OutputFollower {
  const output = openOwn(join(options.control, controlFiles.output));
  const marks = openOwn(join(options.control, controlFiles.marks));
  const reader = createReader(options, output, marks);
  const over = new AbortController();
  const stop = AbortSignal.any([over.signal, options.signal]);
  const changes = watchFolder(options.control, recheck, controlFiles.marks);

  const follow = async (): Promise<void> => {
    while (!stop.aborted) {
      await reader.readAll();
      await changes.next(options.clock, stop);
      await changes.gather(gatherMs, options.clock, stop);
    }
  };
  const following = follow();
  // Reported by `finish`; until then nobody listens.
  following.catch(() => {});

  const finish = async (): Promise<FollowResult> => {
    over.abort();
    try {
      await following;
      await reader.readAll();
      const result = reader.end();
      const tail = await tailOf(output, result).catch(() => '');
      return { ...result, tail: options.scrubber.scrubPiece(tail) };
    } finally {
      changes.close();
      closeSync(output);
      closeSync(marks);
    }
  };
  let finished: Promise<FollowResult> | undefined;
  return {
    finish() {
      finished ??= finish();
      return finished;
    },
  };
}

const openOwn = (path: string): number =>
  openSync(path, constants.O_RDONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);

interface Reader {
  /** Reads to the present end of both files, also while somebody goes on writing. */
  readAll(): Promise<void>;
  end(): Omit<FollowResult, 'tail'>;
}

function createReader(options: FollowOptions, output: number, marksFile: number): Reader {
  const { scanner, afterwards, onMetric } = options;
  const buffer = Buffer.allocUnsafe(chunkBytes);
  const live = options.onOutput && createLiveOutput(options.scrubber, options.onOutput);
  const marks = createMarkReader(marksFile, options.onMark);
  let position = 0;
  let told = false;

  const tell = (metric: FoundMetric | undefined): void => {
    if (told || !metric) return;
    told = true;
    onMetric?.(metric);
  };

  const readAll = async (): Promise<void> => {
    const { size } = fstatSync(output);
    for (;;) {
      const wanted = Math.min(chunkBytes, Math.max(0, size - position));
      const { bytesRead } = await readAt(output, buffer, 0, wanted, position);
      // After the output: a stage's bytes come later than its mark, so the borders within this chunk are known now.
      await marks.readAll();
      if (bytesRead === 0) return;
      const chunk = buffer.subarray(0, bytesRead);
      for (const part of partsOf('run', marks.marks, chunk, position)) scanner.push(part);
      if (afterwards)
        for (const part of partsOf('post_script', marks.marks, chunk, position)) afterwards.push(part);
      position += bytesRead;
      live?.push(chunk);
      tell(scanner.metric);
    }
  };

  const end = (): Omit<FollowResult, 'tail'> => {
    live?.end();
    const scan = withMetricOf(afterwards?.end(), scanner.end());
    tell(scan.metric);
    return { scan, marks: marks.marks, bytes: position };
  };
  return { readAll, end };
}

/** A post-script may work out what the model itself doesn't say; with the model's own word, its output is none of ours. */
function withMetricOf(later: ScanResult | undefined, scan: ScanResult): ScanResult {
  if (!later?.metric || scan.metric || scan.unreadLine !== undefined) return scan;
  return { ...scan, metric: later.metric, ...(later.fallback ? { fallback: later.fallback } : {}) };
}

async function tailOf(output: number, { marks, scan }: Omit<FollowResult, 'tail'>): Promise<string> {
  const failed = marks.find((mark) => mark.kind === 'end' && mark.exitCode !== 0);
  const index = failed?.kind === 'end' ? failed.index : undefined;
  if (index === undefined && !scan.firstError) return '';
  const start = marks.find(
    (mark) => mark.kind === 'start' && (index === undefined ? mark.name === 'run' : mark.index === index),
  );
  if (start?.kind !== 'start') return '';
  const to = Math.min(fstatSync(output).size, endOf(start.index, marks)?.offset ?? Number.MAX_SAFE_INTEGER);
  const from = Math.max(start.offset, to - tailBytes);
  if (from >= to) return '';
  const { buffer, bytesRead } = await readAt(output, Buffer.alloc(to - from), 0, to - from, from);
  return buffer.toString('utf8', 0, bytesRead);
}

const endOf = (index: number, marks: readonly StageMark[]): StageMark | undefined =>
  marks.find((mark) => mark.kind === 'end' && mark.index === index);

/** What stages of this name wrote of a chunk that starts at `position`. */
function partsOf(name: StageName, marks: readonly StageMark[], chunk: Buffer, position: number): Buffer[] {
  const parts: Buffer[] = [];
  for (const start of marks) {
    if (start.kind !== 'start' || start.name !== name) continue;
    const end = endOf(start.index, marks);
    const from = Math.max(0, start.offset - position);
    const to = Math.min(chunk.length, (end?.offset ?? Number.MAX_SAFE_INTEGER) - position);
    if (from < to) parts.push(chunk.subarray(from, to));
  }
  return parts;
}

function createMarkReader(file: number, onMark: FollowOptions['onMark']) {
  const buffer = Buffer.allocUnsafe(16 * 1024);
  let text = '';
  let position = 0;
  let marks: readonly StageMark[] = [];

  const readAll = async (): Promise<void> => {
    const before = position;
    while (position < mostMarkBytes) {
      const { bytesRead } = await readAt(file, buffer, 0, buffer.length, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      text += buffer.toString('latin1', 0, bytesRead);
    }
    if (position === before) return;
    const known = marks.length;
    marks = parseMarks(text);
    if (onMark) marks.slice(known).forEach(onMark);
  };
  return {
    readAll,
    get marks() {
      return marks;
    },
  };
}

function createLiveOutput(scrubber: Scrubber, show: (text: string) => void) {
  const stream = createTextScrubStream(scrubber, { live: true });
  const send = (text: string): void => {
    if (text !== '') show(text);
  };
  return {
    push: (chunk: Buffer): void => send(stream.push(chunk)),
    end: (): void => send(stream.end()),
  };
}
