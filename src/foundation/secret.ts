import { inspect } from 'node:util';

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

/**
 * Replaces secrets in text that leaves the program: plain, URL-encoded, JSON-escaped, in hexadecimal digits, and base64
 * at its three alignments.
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
      if (value.length < shortestScrubbed) {
        if (value !== '') tooShort.push(secret.name);
        continue;
      }
      for (const form of formsOf(value)) needles.add(form);
    }
    this.tooShort = tooShort;
    this.#needles = [...needles].sort((a, b) => b.length - a.length);
    this.#pattern =
      this.#needles.length === 0 ? undefined : new RegExp(this.#needles.map(escapeRegExp).join('|'), 'g');
  }

  /** The forms that are looked for; a chunked reader keeps `longest - 1` characters back between chunks. */
  get needles(): readonly string[] {
    return this.#needles;
  }

  get longest(): number {
    return this.#needles[0]?.length ?? 0;
  }

  scrub(text: string): string {
    return this.#pattern ? text.replace(this.#pattern, mask) : text;
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

function formsOf(value: string): string[] {
  const forms = [value];
  // A value with several lines (a key) also shows up line by line.
  for (const line of value.split(/\r?\n/)) if (line.length >= shortestScrubbed) forms.push(line);
  forms.push(encodeURIComponent(value), encodeURIComponent(value).replace(/%20/g, '+'));
  forms.push(strictUrlEncoded(value), JSON.stringify(value).slice(1, -1));
  forms.push(...base64Alignments(value), ...base64Lines(value));
  const digits = Buffer.from(value, 'utf8').toString('hex');
  forms.push(digits, digits.toUpperCase());
  return forms.filter((form) => form.length >= shortestScrubbed);
}

/** RFC 3986: also the characters that encodeURIComponent leaves alone. */
function strictUrlEncoded(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * What is the same in every base64 text that holds `value` at byte offset 0, 1 or 2 modulo 3: the characters that
 * depend on `value` alone, in the standard and the URL-safe alphabet.
 */
function base64Alignments(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  const found: string[] = [];
  for (let offset = 0; offset < 3; offset++) {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor(((offset + bytes.length) * 8) / 6);
    const core = text.slice(first, last);
    found.push(core, core.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return found;
}

/** The lines of a long value that `base64` (76 characters) and `openssl` (64) write of it alone. */
function base64Lines(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  const whole = bytes.toString('base64').slice(0, Math.floor((bytes.length * 8) / 6));
  return [76, 64].flatMap((width) =>
    whole.length > width ? (whole.match(new RegExp(`.{1,${width}}`, 'g')) ?? []) : [],
  );
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
