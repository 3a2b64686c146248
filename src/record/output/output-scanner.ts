import type { ErrorPatterns } from './error-pattern.ts';
import { lineFeed, reach } from './line-bytes.ts';
import { createFindings, type Findings, type FoundMetric } from './output-finding.ts';

export interface ScanResult extends Findings {
  /** Bytes pushed. */
  bytes: number;
}

export interface OutputScanner {
  /** Takes the next bytes of the output; the buffer may be used again afterwards. */
  push(chunk: Uint8Array): void;
  /** The metric, as soon as it is known for sure (a fallback is known at the end only). */
  readonly metric: FoundMetric | undefined;
  end(): ScanResult;
}

export interface ScannerOptions {
  errors: ErrorPatterns;
  /** Applied to the metric's name, and to quoted lines before they are shortened, so that no half of a secret stays. */
  scrub?(text: string): string;
}

/**
 * Looks for the metric and for errors in output that comes in chunks, wherever their borders fall. Memory stays the
 * same whatever the length of a line: of an endless one, 16 KiB on either side of a hit are looked at.
 */
export function createOutputScanner(options: ScannerOptions): OutputScanner {
  const findings = createFindings(options);
  const carry = Buffer.allocUnsafe(4 * reach);
  let carried = 0;
  /** Bytes at the start of the carry that were looked at already and stay as context. */
  let seen = 0;
  let bytes = 0;

  const keep = (from: Uint8Array): void => {
    carry.set(from, carried);
    carried += from.length;
  };

  /** Makes room in the carry while its line goes on: looks at all but the last `reach` bytes. */
  const lookAhead = (): void => {
    const settled = carried - reach;
    findings.look(carry, seen, settled, carried);
    seen = settled;
    const drop = Math.max(0, settled - reach);
    carry.copyWithin(0, drop, carried);
    carried -= drop;
    seen -= drop;
  };

  const finishCarry = (): void => {
    findings.look(carry, seen, carried, carried);
    carried = 0;
    seen = 0;
  };

  /** Bytes of a line whose end isn't known yet. */
  const pushOpen = (part: Uint8Array): void => {
    for (let at = 0; at < part.length; ) {
      if (carried === carry.length) lookAhead();
      const next = part.subarray(at, at + carry.length - carried);
      keep(next);
      at += next.length;
    }
  };

  return {
    push(chunk) {
      bytes += chunk.length;
      if (findings.complete) return;
      let start = 0;
      if (carried > 0) {
        start = chunk.indexOf(lineFeed) + 1;
        if (start === 0) return pushOpen(chunk);
        pushOpen(chunk.subarray(0, start));
        finishCarry();
      }
      const end = chunk.lastIndexOf(lineFeed) + 1;
      if (end > start) findings.look(chunk, start, end, end);
      pushOpen(chunk.subarray(Math.max(start, end)));
    },
    get metric() {
      return findings.metric;
    },
    end() {
      finishCarry();
      return { ...findings.result(), bytes };
    },
  };
}
