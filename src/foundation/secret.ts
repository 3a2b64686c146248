import { inspect } from 'node:util';
import { formsOf, withoutLineEnds } from './secret-forms.ts';

/** A value that never shows itself by accident: printing, JSON and inspection give its name only. */
export class Secret {
  /** Where it comes from, such as `AMD_GITHUB.password`; safe to show. */
  readonly name: string;
  readonly #value: string;

  constructor(name: string, value: string) {
    this.name = name;
    this.#value = value;
  }

  /** The value itself; call it only at the border where it leaves for its receiver. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return `[secret ${this.name}]`;
  }

  toJSON(): { secret: string } {
    return { secret: this.name };
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Shorter values would black out ordinary text, so they are reported and not scrubbed. */
export const shortestScrubbed = 6;

/** What stands in a secret's place. */
export const mask = '******';

/** So much of a form tells too much, however long the form is. */
const longPart = 12;

const lineEnd = /[\r\n]/;

/**
 * Replaces secrets in text that leaves the program: plain, URL-encoded, JSON-escaped, in hexadecimal digits, and base64
 * at its three alignments, also where line ends break them; those stay.
 */
export class Scrubber {
  /** Names of secrets that are too short to be scrubbed. */
  readonly tooShort: readonly string[];
  readonly #needles: readonly string[];
  readonly #pattern: RegExp | undefined;

  constructor(secrets: Iterable<Secret>) {
    const needles = new Set<string>();
    const tooShort: string[] = [];
    for (const secret of secrets) {
      const value = secret.reveal();
      if (withoutLineEnds(value).length < shortestScrubbed) {
        if (value !== '') tooShort.push(secret.name);
        continue;
      }
      for (const form of formsOf(value)) if (form.length >= shortestScrubbed) needles.add(form);
    }
    this.tooShort = tooShort;
    this.#needles = [...needles].sort((a, b) => b.length - a.length);
    this.#pattern =
      this.#needles.length === 0 ? undefined : new RegExp(this.#needles.map(escapeRegExp).join('|'), 'g');
  }

  /** The forms that are looked for, without line ends: in text that has none either. */
  get needles(): readonly string[] {
    return this.#needles;
  }

  scrub(text: string): string {
    if (!this.#pattern) return text;
    return lineEnd.test(text) ? scrubFolded(text, this.#pattern) : text.replace(this.#pattern, mask);
  }

  /**
   * The same for a line or another piece of a text: what may be a part of a secret that began before it or goes on behind
   * it is masked as well, if there is enough of it.
   */
  scrubPiece(text: string): string {
    const whole = this.scrub(text);
    const folded = withoutLineEnds(whole);
    const head = this.#longestPart(folded.length, (length) => folded.slice(0, length));
    const tail = this.#longestPart(folded.length - head, (length) => folded.slice(-length));
    const from = placeBehind(whole, head);
    const to = placeBehind(whole, folded.length - tail);
    return maskLines(whole.slice(0, from)) + whole.slice(from, to) + maskLines(whole.slice(to));
  }

  /** How long the longest piece is that tells too much of a secret; 0 without one. */
  #longestPart(most: number, pieceOf: (length: number) => string): number {
    let longest = 0;
    let needles = this.#needles;
    for (let length = shortestScrubbed; length <= most; length++) {
      const piece = pieceOf(length);
      needles = needles.filter((needle) => needle.includes(piece));
      if (needles.length === 0) break;
      if (length >= longPart || needles.some((needle) => needle.length <= 2 * length)) longest = length;
    }
    return longest;
  }

  /** A deep copy of plain data with every string scrubbed, keys included. */
  scrubData<T>(data: T): T {
    if (!this.#pattern) return data;
    return this.#scrubValue(data) as T;
  }

  #scrubValue(value: unknown): unknown {
    if (typeof value === 'string') return this.scrub(value);
    if (Array.isArray(value)) return value.map((item) => this.#scrubValue(item));
    if (value instanceof Secret || value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.scrub(key), this.#scrubValue(item)]),
    );
  }
}

const maskLines = (text: string): string => text.replaceAll(/[^\r\n]+/g, mask);

/** The place behind the first `count` characters that end no line. */
function placeBehind(text: string, count: number): number {
  let place = 0;
  for (let left = count; left > 0; place++) if (!lineEnd.test(text.charAt(place))) left--;
  return place;
}

/** Line ends within a secret stay, so that lines keep their numbers; each line has a mask of its own. */
function scrubFolded(text: string, pattern: RegExp): string {
  const folded = withoutLineEnds(text);
  if (folded.search(pattern) === -1) return text;
  const places: number[] = [];
  for (let at = 0; at < text.length; at++) if (!lineEnd.test(text.charAt(at))) places.push(at);
  let clean = '';
  let from = 0;
  for (const { 0: found, index } of folded.matchAll(pattern)) {
    const start = places[index] ?? 0;
    const end = (places[index + found.length - 1] ?? 0) + 1;
    clean += text.slice(from, start) + maskLines(text.slice(start, end));
    from = end;
  }
  return clean + text.slice(from);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
