import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputLines } from './output-lines.ts';
import { safeBlock, safeLine } from './safe-text.ts';

const dangerous = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const hostile = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom('\u001b', '[', ']', '\r', '\n', '\u009b', '\u202e', 'J'),
  ),
});

test('escape sequences cannot move the cursor, change the title or forge lines', () => {
  expect(safeLine('model\u001b[1A\u001b[2K')).toBe('model\\x1b[1A\\x1b[2K');
  expect(safeLine('a\nSUCCESS\tb')).toBe('a SUCCESS b');
  expect(safeLine('cod\u202eEXE')).toBe('cod\\u202eEXE');
  expect(safeBlock('\u001b[31mred\u001b[0m \u001b]0;title\u0007text\u009b2J')).toBe('red text\\x9b2J');
});

test('whatever comes in, no control character gets out', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(safeLine(text)).not.toMatch(dangerous);
      expect(safeLine(text)).not.toMatch(/[\n\t]/);
      expect(safeBlock(text)).not.toMatch(dangerous);
    }),
  );
});

test('ordinary text of any language is left alone', () => {
  for (const text of ['naïve – 日本語 🚀', 'tab\tand\nlines']) expect(safeBlock(text)).toBe(text);
});

test('output in pieces gives the same lines as in one', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r\n', ' ') });
  fc.assert(
    fc.property(fc.array(text), (pieces) => {
      const lines = new OutputLines();
      const shown = [...pieces.flatMap((piece) => lines.add('x', piece)), ...lines.end('x')];
      expect(shown.join('\n').trimEnd()).toBe(pieces.join('').replaceAll('\r\n', '\n').trimEnd());
      expect(lines.sources).toEqual([]);
    }),
  );
});

test('a line without an end is shown in pieces instead of being kept', () => {
  const lines = new OutputLines();
  const shown = lines.add('x', 'a'.repeat(100_000));
  expect(shown.join('').length).toBeGreaterThan(80_000);
});
