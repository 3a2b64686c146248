import { StringDecoder } from 'node:string_decoder';
import type { Scrubber } from '../foundation/secret.ts';

/** Scrubs text that comes in pieces, secrets that are cut by the border between two pieces included. */
export interface ScrubStream {
  /** Takes a piece; returns the text that can go out now. */
  push(chunk: Buffer): string;
  /** What was kept back. */
  end(): string;
}

export function scrubStream(scrubber: Scrubber): ScrubStream {
  const decoder = new StringDecoder('utf8');
  const reserve = Math.max(scrubber.longest - 1, 0);
  let kept = '';
  const take = (text: string): string => {
    const all = kept + text;
    const cut = safeCut(all, all.length - reserve, scrubber.needles);
    if (cut <= 0) {
      kept = all;
      return '';
    }
    kept = all.slice(cut);
    return scrubber.scrub(all.slice(0, cut));
  };
  return {
    push: (chunk) => take(decoder.write(chunk)),
    end: () => {
      const rest = kept + decoder.end();
      kept = '';
      return scrubber.scrub(rest);
    },
  };
}

/** The last place at or before `wanted` that is inside of no secret. */
function safeCut(text: string, wanted: number, needles: readonly string[]): number {
  let cut = wanted;
  for (let moved = true; moved && cut > 0; ) {
    moved = false;
    for (const needle of needles) {
      const start = text.indexOf(needle, Math.max(cut - needle.length + 1, 0));
      if (start !== -1 && start < cut) {
        cut = start;
        moved = true;
      }
    }
  }
  return cut;
}
