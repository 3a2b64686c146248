import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { deepestLiteral, LiteralError, parseLiteral } from './python-literal.ts';

/** A writer of Python literals for the round trip, with every spelling that Python has for a value. */
interface Style {
  quote: string;
  tuple: boolean;
  blank: string;
  trailingComma: boolean;
  prefix: string;
  split: boolean;
}

function pythonText(value: unknown, style: Style): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return Object.is(value, -0) ? '-0.0' : String(value);
  if (typeof value === 'string') return pythonString(value, style);
  if (Array.isArray(value)) {
    const items = value.map((item) => pythonText(item, style)).join(`,${style.blank}`);
    const comma = value.length > 0 && (style.trailingComma || (style.tuple && value.length === 1)) ? ',' : '';
    return style.tuple ? `(${items}${comma})` : `[${items}${comma}]`;
  }
  const entries = Object.entries(value as object).map(
    ([key, item]) => `${pythonString(key, style)}:${style.blank}${pythonText(item, style)}`,
  );
  return `{${entries.join(`,${style.blank}`)}${style.trailingComma && entries.length > 0 ? ',' : ''}}`;
}

function pythonString(text: string, style: Style): string {
  const escaped = (part: string): string =>
    [...part]
      .map((character) => {
        if (character === '\\' || style.quote.includes(character)) return `\\${character}`;
        const code = character.codePointAt(0) ?? 0;
        if (character === '\n') return '\\n';
        if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
        if (code > 0xffff) return `\\U${code.toString(16).padStart(8, '0')}`;
        if (code >= 0xd800 && code <= 0xdfff) return `\\u${code.toString(16)}`;
        return character;
      })
      .join('');
  const one = (part: string): string => `${style.prefix}${style.quote}${escaped(part)}${style.quote}`;
  const points = [...text];
  if (!style.split || points.length < 2) return one(text);
  return `${one(points.slice(0, 1).join(''))}${style.blank}${one(points.slice(1).join(''))}`;
}

const styles: fc.Arbitrary<Style> = fc.record({
  quote: fc.constantFrom("'", '"', "'''", '"""'),
  tuple: fc.boolean(),
  blank: fc.constantFrom(' ', '\n  ', ' # a comment: }\n', '\t'),
  trailingComma: fc.boolean(),
  prefix: fc.constantFrom('', 'u', 'U'),
  split: fc.boolean(),
});
// `-0` is 0 in JSON text, and `toStrictEqual` tells them apart.
const values = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)));

test('every JSON text means what JSON says', () => {
  fc.assert(
    fc.property(values, fc.constantFrom(0, 2), (value, indent) => {
      expect(parseLiteral(JSON.stringify(value, null, indent))).toStrictEqual(value);
    }),
  );
});

test('every value comes back from its Python spelling', () => {
  fc.assert(
    fc.property(values, styles, (value, style) => {
      expect(parseLiteral(pythonText(value, style))).toStrictEqual(value);
    }),
  );
});

test.each([
  ["{'a': 1, 'b': (1, 2,), 'c': None}", { a: 1, b: [1, 2], c: null }],
  ["{'a': true, 'b': False}", { a: true, b: false }],
  ['()', []],
  ['(1)', 1],
  ['(1,)', [1]],
  ['0x_ff', 255],
  ['0b101', 5],
  ['0o17', 15],
  ['1_000', 1000],
  ['-.5e-1', -0.05],
  ['5.', 5],
  ['00.5', 0.5],
  ['{1: 2}', { '1': 2 }],
  [String.raw`r'\d\'x'`, String.raw`\d\'x`],
  [String.raw`b'\x41\u0041'`, 'A\\u0041'],
  [String.raw`'\N'"\101\q"`.replace('\\N', '\\n'), '\nA\\q'],
  ["'''it's\r\nlong'''", "it's\nlong"],
  ["'a\\\nb'", 'ab'],
  ["# only a comment\n'x' # after", 'x'],
  ['"\\/"', '/'],
  ["''", ''],
])('%s is read as Python reads it', (text, value) => {
  expect(parseLiteral(text)).toStrictEqual(value);
});

test.each([
  ['', 1, 1],
  ["{'a': 1", 1, 8],
  ["{'a' 1}", 1, 6],
  ['{gpu_vendor: AMD}', 1, 2],
  ["{'a': AMD}", 1, 7],
  ['[1,\n 2\n 3]', 3, 2],
  ["'open", 1, 1],
  ["'two\nlines'", 1, 5],
  ["'\\x4'", 1, 2],
  ["'\\N{DASH}'", 1, 2],
  ["f'{x}'", 1, 1],
  ['012', 1, 1],
  ['1 2', 1, 3],
  ['1abc', 1, 1],
  ["{'é': x}", 1, 7],
  ["__import__('os')", 1, 1],
  ['1 + 2', 1, 3],
])('%s is refused with its line and column', (text, line, column) => {
  const error = errorOf(text);
  expect([error.line, error.column]).toEqual([line, column]);
  expect(error.expected).not.toBe('');
});

test('nesting is limited, however the brackets are written', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  expect(parseLiteral(nested(deepestLiteral))).toBeInstanceOf(Array);
  expect(errorOf(nested(deepestLiteral + 1)).column).toBe(deepestLiteral + 1);
  expect(errorOf('['.repeat(200_000)).column).toBe(deepestLiteral + 1);
  expect(errorOf("{'a':(".repeat(100_000)).line).toBe(1);
});

test.each(['{"__proto__": {"polluted": 1}}', "{'__proto__': {'polluted': 1},}"])(
  '%s sets no prototype',
  (text) => {
    const value = parseLiteral(text) as Record<string, unknown>;
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
    expect(value.polluted).toBeUndefined();
  },
);

test('any text is either read or refused with a position inside it', () => {
  const pieces = fc.array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '(',
      ')',
      ',',
      ':',
      "'",
      '"',
      '\\',
      '#',
      '\n',
      'a',
      '1',
      '.',
      'r',
      'True',
      ' ',
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('');
      try {
        parseLiteral(text);
      } catch (error) {
        expect(error).toBeInstanceOf(LiteralError);
        const { line, column } = error as LiteralError;
        expect(column).toBeLessThanOrEqual([...(text.split('\n')[line - 1] ?? '')].length + 1);
      }
    }),
    { numRuns: 500 },
  );
});

test('the message shows one character of the text and no more', () => {
  expect(errorOf("{'password': hunter2}").message).toBe(
    `line 1, column 14: expected a value (text stands in quotes), found "h"`,
  );
});

function errorOf(text: string): LiteralError {
  try {
    parseLiteral(text);
  } catch (error) {
    if (error instanceof LiteralError) return error;
    throw error;
  }
  throw new Error(`was read: ${text.slice(0, 40)}`);
}

test('keys with escapes are read right where the JSON parser of Node.js 24 reads others', () => {
  const text = String.raw`{"x": {"b": 1, "\\": 2}, "y": {"b": 2, "\u0061": 1}, "z": {"b": 3, "\/": "\/\\/"}}`;
  expect(parseLiteral(text)).toEqual({ x: { b: 1, '\\': 2 }, y: { b: 2, a: 1 }, z: { b: 3, '/': '/\\/' } });
});

test('JSON text means the same however its characters are escaped', () => {
  const everyEscape = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(everyEscape).join(',')}]`;
    if (value !== null && typeof value === 'object') {
      return `{${Object.entries(value)
        .map(([key, item]) => `${everyEscape(key)}:${everyEscape(item)}`)
        .join(',')}}`;
    }
    if (typeof value !== 'string') return JSON.stringify(value);
    const units = Array.from({ length: value.length }, (_, at) => value.charCodeAt(at));
    return `"${units.map((unit) => (unit === 47 ? '\\/' : `\\u${unit.toString(16).padStart(4, '0')}`)).join('')}"`;
  };
  fc.assert(
    fc.property(values, (value) => {
      expect(parseLiteral(everyEscape(value))).toStrictEqual(value);
    }),
  );
});
