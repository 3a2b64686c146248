/** Lines of output that match a card's own regular expressions. */
import vm from 'node:vm';
import { monotonicMs } from '../../foundation/clock.ts';
import { plainLine } from './metric-pattern.ts';

export interface LineMatch {
  /** Plain text, scrubbed and shortened. */
  line: string;
  /** The first group, not scrubbed; undefined when the pattern has none. */
  group: string | undefined;
}

export interface PatternFindings {
  /** First match of each pattern, by the pattern as given; a pattern that nothing matched is missing. */
  matches: ReadonlyMap<string, LineMatch>;
  /** Patterns that took too long: nobody knows whether they match. */
  tooSlow: readonly string[];
}

export interface PatternScan {
  /** Takes the next bytes; the buffer may be used again afterwards. */
  push(chunk: Uint8Array): void;
  end(): PatternFindings;
}

export interface PatternScanOptions {
  patterns: ReadonlyMap<string, RegExp>;
  /** Applied to quoted lines. */
  scrub(text: string): string;
  /** Milliseconds that each pattern may take over a whole output; a test has a smaller limit. */
  budgetMs?: number;
}

/** Longer lines are looked at up to here. */
const longestLine = 16 * 1024;
const longestQuote = 500;
/** A pattern with nested repetitions can take years for one line, and the card comes from outside. */
const defaultBudgetMs = 30_000;

const newline = 10;
const carriageReturn = 13;

export function createPatternScan({
  patterns,
  scrub,
  budgetMs = defaultBudgetMs,
}: PatternScanOptions): PatternScan {
  const matches = new Map<string, LineMatch>();
  const tooSlow: string[] = [];
  const left = new Map([...patterns.keys()].map((pattern) => [pattern, budgetMs]));
  /** The beginning of the line that the last chunk left open. */
  let open: Buffer = Buffer.alloc(0);

  const look = (pattern: string, lines: readonly string[]): void => {
    const regExp = patterns.get(pattern);
    const budget = left.get(pattern) ?? 0;
    if (!regExp) return;
    const started = monotonicMs();
    let found: { line: string; group: string | undefined } | undefined;
    const isDone = within(budget, () => {
      for (const line of lines) {
        const match = regExp.exec(line);
        if (!match) continue;
        found = { line, group: match[1] };
        return;
      }
    });
    if (!isDone) tooSlow.push(pattern);
    if (found) matches.set(pattern, { group: found.group, line: quoted(scrub(found.line)) });
    if (found || !isDone) left.delete(pattern);
    else left.set(pattern, Math.max(1, budget - (monotonicMs() - started)));
  };

  const lookAll = (block: Buffer): void => {
    if (block.length === 0) return;
    const lines = block
      .toString('utf8')
      .split(/[\r\n]+/)
      .map((line) => plainLine(line.slice(0, longestLine)));
    for (const pattern of [...left.keys()]) look(pattern, lines);
  };

  return {
    push(chunk) {
      if (left.size === 0) return;
      const end = lastLineEnd(chunk);
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (end === -1) {
        open = Buffer.concat([open, bytes.subarray(0, Math.max(0, 4 * longestLine - open.length))]);
        return;
      }
      lookAll(Buffer.concat([open, bytes.subarray(0, end)]));
      open = Buffer.from(bytes.subarray(end + 1, end + 1 + 4 * longestLine));
    },
    end() {
      lookAll(open);
      open = Buffer.alloc(0);
      return { matches, tooSlow };
    },
  };
}

function lastLineEnd(chunk: Uint8Array): number {
  return Math.max(chunk.lastIndexOf(newline), chunk.lastIndexOf(carriageReturn));
}

const quoted = (line: string): string =>
  line.length <= longestQuote ? line.trim() : `${line.slice(0, longestQuote)}…`;

/** Whether `act` came to its end in time: a running regular expression can be stopped by nothing else in this language. */
function within(limitMs: number, act: () => void): boolean {
  try {
    vm.runInNewContext('act()', { act }, { timeout: Math.max(1, Math.ceil(limitMs)) });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}
