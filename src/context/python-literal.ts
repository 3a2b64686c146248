import { type LiteralError, LiteralReader } from './literal-reader.ts';
import { readString, stringPrefix } from './python-string.ts';

export { LiteralError } from './literal-reader.ts';

/** Deeper values are refused: everything that walks them later is recursive. */
export const deepestLiteral = 64;

/**
 * The value of a JSON text or of a Python literal (dict, list, tuple, string, number, `True`, `False`, `None`); nothing
 * is evaluated. Tuples become arrays, bytes become text, dict keys become strings.
 * Throws a {@link LiteralError} that says where and what was expected.
 */
export function parseLiteral(text: string): unknown {
  const json = parseJson(text);
  if (json && !text.includes('\\') && !isDeeperThan(json.value, deepestLiteral)) return json.value;
  // Also the way to the position of what is wrong: JSON.parse doesn't tell it reliably.
  const reader = new LiteralReader(json ? asPython(text) : text);
  const value = readValue(reader, 1);
  reader.skipBlank();
  if (!reader.atEnd()) throw reader.error('the end of the text');
  return value;
}

/** JSON first: what is JSON must mean what JSON says. */
function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/**
 * JSON text so that Python reads what JSON says: `\/` is the one escape that differs. The JSON.parse of Node.js 24 reads
 * wrong keys where objects of like shape have escapes in them: `{"x": {"b": 1, "\\": 2}, "y": {"b": 2, "\u0061": 1}}`
 * gets `\` for the last `a`.
 */
const asPython = (json: string): string =>
  json.replace(/\\([\s\S])/g, (whole, character: string) => (character === '/' ? '/' : whole));

export function isDeeperThan(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (levels === 0) return true;
  return Object.values(value).some((item) => isDeeperThan(item, levels - 1));
}

function readValue(reader: LiteralReader, depth: number): unknown {
  reader.skipBlank();
  const start = reader.peek();
  if (start === '{' || start === '[' || start === '(') {
    if (depth > deepestLiteral) throw reader.error(`at most ${deepestLiteral} levels of nesting`);
    if (start === '{') return readDict(reader, depth);
    return start === '[' ? readList(reader, depth) : readParenthesised(reader, depth);
  }
  if (stringPrefix(reader) !== undefined) return readStrings(reader);
  if (/[-+.0-9]/.test(start)) return readNumber(reader);
  return readName(reader);
}

function readDict(reader: LiteralReader, depth: number): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  readItems(reader, '}', () => {
    const key = readKey(reader);
    reader.skipBlank();
    if (!reader.take(':')) throw reader.error("':' after a key");
    entries.push([key, readValue(reader, depth + 1)]);
  });
  // Own properties whatever their names are: `__proto__` sets no prototype.
  return Object.fromEntries(entries);
}

function readKey(reader: LiteralReader): string {
  if (stringPrefix(reader) !== undefined) return readStrings(reader);
  if (/[-+.0-9]/.test(reader.peek())) return String(readNumber(reader));
  throw reader.error('a key in quotes');
}

function readList(reader: LiteralReader, depth: number): unknown[] {
  const items: unknown[] = [];
  readItems(reader, ']', () => items.push(readValue(reader, depth + 1)));
  return items;
}

/** `()`, `(1,)` and `(1, 2)` are tuples; `(1)` is 1. */
function readParenthesised(reader: LiteralReader, depth: number): unknown {
  const items: unknown[] = [];
  const commas = readItems(reader, ')', () => items.push(readValue(reader, depth + 1)));
  return items.length === 1 && commas === 0 ? items[0] : items;
}

/** From the opening bracket to the closing one; returns the number of commas. */
function readItems(reader: LiteralReader, close: string, readItem: () => void): number {
  reader.advance(1);
  for (let commas = 0; ; commas++) {
    reader.skipBlank();
    if (reader.take(close)) return commas;
    readItem();
    reader.skipBlank();
    if (reader.take(close)) return commas;
    if (!reader.take(',')) throw reader.error(`',' or '${close}'`);
  }
}

/** Neighbouring strings are one string. */
function readStrings(reader: LiteralReader): string {
  let text = '';
  for (;;) {
    const prefix = stringPrefix(reader);
    if (prefix === undefined) return text;
    text += readString(reader, prefix);
    reader.skipBlank();
  }
}

const numbers = [
  /0[xX](?:_?[0-9a-fA-F])+/y,
  /0[oO](?:_?[0-7])+/y,
  /0[bB](?:_?[01])+/y,
  // With a point or an exponent: any digits; a plain integer has no leading zero.
  /(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][-+]?\d(?:_?\d)*)?/y,
  /\d(?:_?\d)*\.?[eE][-+]?\d(?:_?\d)*/y,
  /\d(?:_?\d)*\./y,
  /[1-9](?:_?\d)*|0(?:_?0)*/y,
];

function readNumber(reader: LiteralReader): number {
  const start = reader.mark();
  const negative = reader.peek() === '-';
  if (/[-+]/.test(reader.peek())) reader.advance(1);
  reader.skipBlank();
  for (const pattern of numbers) {
    const digits = reader.match(pattern);
    if (digits === undefined) continue;
    if (/[\p{ID_Continue}.]/u.test(reader.peek())) break;
    const size = Number(digits.replaceAll('_', '').replace(/^0+(?=\d)/, ''));
    return negative ? -size : size;
  }
  reader.reset(start);
  throw reader.error('a number');
}

const names: Readonly<Record<string, unknown>> = {
  True: true,
  true: true,
  False: false,
  false: false,
  None: null,
  null: null,
};

function readName(reader: LiteralReader): unknown {
  const start = reader.mark();
  const name = reader.match(/[\p{ID_Start}_][\p{ID_Continue}]*/uy);
  if (name !== undefined && Object.hasOwn(names, name)) return names[name];
  reader.reset(start);
  throw reader.error(name === undefined ? 'a value' : 'a value (text stands in quotes)');
}
