import type { LiteralReader } from './literal-reader.ts';

export interface StringPrefix {
  letters: string;
  quote: string;
}

const opening = /([a-zA-Z]{0,2})('''|"""|'|")/y;
const allowed = new Set(['', 'r', 'u', 'b', 'br', 'rb']);

/** The prefix and quotes of the string that starts here; undefined when none does. */
export function stringPrefix(reader: LiteralReader): StringPrefix | undefined {
  const start = reader.mark();
  const text = reader.match(opening);
  reader.reset(start);
  if (text === undefined) return undefined;
  const letters = text.replace(/['"]+$/, '');
  if (!allowed.has(letters.toLowerCase())) return undefined;
  return { letters: letters.toLowerCase(), quote: text.slice(letters.length) };
}

/** Reads the string whose prefix was seen. Bytes become characters of the same code. */
export function readString(reader: LiteralReader, prefix: StringPrefix): string {
  const start = reader.mark();
  reader.advance(prefix.letters.length + prefix.quote.length);
  const kind: StringKind = {
    raw: prefix.letters.includes('r'),
    bytes: prefix.letters.includes('b'),
    // `''` closes an empty string before a third quote could make it a long one.
    long: prefix.quote.length === 3,
    quote: prefix.quote,
  };
  const parts: string[] = [];
  while (!reader.take(prefix.quote)) {
    if (reader.atEnd()) {
      reader.reset(start);
      throw reader.error(`a string that ends with ${prefix.quote}`);
    }
    parts.push(readPiece(reader, kind));
  }
  return parts.join('');
}

interface StringKind {
  raw: boolean;
  bytes: boolean;
  long: boolean;
  quote: string;
}

function readPiece(reader: LiteralReader, kind: StringKind): string {
  const plain = reader.match(/[^\\'"\r\n]+/y);
  if (plain !== undefined) return plain;
  if (reader.peek() === '\\') return kind.raw ? rawEscape(reader) : readEscape(reader, kind.bytes);
  if (reader.match(/\r\n|\r|\n/y) === undefined) {
    const other = reader.peek();
    reader.advance(other.length);
    return other;
  }
  if (kind.long) return '\n';
  reader.advance(-1);
  throw reader.error(`${kind.quote} before the end of the line`);
}

/** In a raw string a backslash stays, and what follows it never ends the string. */
function rawEscape(reader: LiteralReader): string {
  return reader.match(/\\(?:\r\n|[\s\S])?/y) ?? '';
}

const simple: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\n': '',
  '\r': '',
};

/** One escape sequence, as Python reads it: an unknown one stays as it is written. */
function readEscape(reader: LiteralReader, bytes: boolean): string {
  const start = reader.mark();
  reader.advance(1);
  if (reader.take('\r\n')) return '';
  const octal = reader.match(/[0-7]{1,3}/y);
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
  const letter = reader.peek();
  if (letter === '') return '\\';
  reader.advance(letter.length);
  if (Object.hasOwn(simple, letter)) return simple[letter] ?? '';
  const digits = hexDigits(letter, bytes);
  if (digits !== undefined) return readHex(reader, start, digits);
  if (letter === 'N' && !bytes) {
    reader.reset(start);
    throw reader.error('\\u or \\U with a number instead of \\N{…}');
  }
  return `\\${letter}`;
}

function hexDigits(letter: string, bytes: boolean): number | undefined {
  if (letter === 'x') return 2;
  if (bytes) return undefined;
  return letter === 'u' ? 4 : letter === 'U' ? 8 : undefined;
}

function readHex(reader: LiteralReader, start: number, digits: number): string {
  const text = reader.match(/[0-9a-fA-F]{1,8}/y) ?? '';
  const code = Number.parseInt(text.slice(0, digits), 16);
  if (text.length < digits || code > 0x10ffff) {
    reader.reset(start);
    throw reader.error(`\\ with ${digits} hexadecimal digits of a character`);
  }
  reader.advance(digits - text.length);
  return String.fromCodePoint(code);
}
