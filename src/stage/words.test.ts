import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { quote, quoteWord } from './quote.ts';
import type { Word } from './stage.ts';
import { splitWords } from './words.ts';

// Many real shells on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

/** The words that a real shell makes of a command's text. */
function shellWords(text: string, env: Record<string, string> = {}): string[] {
  const script = `set -- ${text}\nfor word do printf '%s\\0' "$word"; done`;
  const printed = execFileSync('sh', ['-c', script], { env, encoding: 'utf8' });
  return printed.split('\0').slice(0, -1);
}

const literals = (words: readonly Word[]): string[] =>
  words.map((word) => word.map((piece) => ('text' in piece ? piece.text : `<${piece.variable}>`)).join(''));

const text = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom('a', "'", '"', '\\', '$', '`', '\n', ' ', '*', '~', '=', ';', '#', '!'),
    }),
  )
  .map((value) => value.toWellFormed().replaceAll('\0', ''));

test('a shell reads each quoted text back as one word, newlines and other alphabets included', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 40 }), (texts) => {
      expect(shellWords(texts.map(quote).join(' '))).toEqual(texts);
    }),
    { numRuns: 60 },
  );
});

test('what needs no quotes gets none', () => {
  expect(['run.sh', '--bs', '/a/b-c_1.py', '@x:1,2%+'].map(quote)).toEqual([
    'run.sh',
    '--bs',
    '/a/b-c_1.py',
    '@x:1,2%+',
  ]);
  expect(['', 'A=b', 'if', '~', "it's"].map(quote)).toEqual(["''", "'A=b'", "'if'", "'~'", "'it'\\''s'"]);
});

test('a NUL is refused, since no argument can hold one', () => {
  expect(() => quote('a\0b')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  expect(() => splitWords('a\0b')).toThrow(expect.objectContaining({ code: 'INVALID_FILE' }));
});

test('quoted texts come back from splitting', () => {
  fc.assert(
    fc.property(fc.array(text), (texts) => {
      expect(literals(splitWords(texts.map(quote).join(' \t\n')))).toEqual(texts);
    }),
  );
});

test('quotes, backslashes and variables split as in a real shell', () => {
  const part = fc.oneof(
    fc.constantFrom(
      ' ',
      '  ',
      '\\ ',
      "'",
      '"',
      '\\"',
      "\\'",
      '\\\\',
      '\\\n',
      '$A',
      '${B}',
      'x',
      'y1',
      '\\$A',
      '"$A"',
      "''",
      '""',
    ),
    fc.string({ unit: fc.constantFrom('a', 'b', '-', '=', '.'), maxLength: 3 }),
  );
  const env = { A: 'one two', B: '', PATH: '/usr/bin:/bin' };
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
      const line = parts.join('');
      let words: Word[];
      try {
        words = splitWords(line);
      } catch {
        return fc.pre(false);
      }
      // Shells differ about a backslash at the end, and join lines even within a variable's name.
      fc.pre(!/\\$|\$\w+\\\n/.test(line));
      expect(shellWords(words.map(quoteWord).join(' '), env)).toEqual(shellWords(line, env));
    }),
    { numRuns: 80 },
  );
});

test('variables stay variables, and only those outside quotes may become several words', () => {
  expect(splitWords(`--a=$A "b $B c" '$C' \${D}e`)).toEqual([
    [{ text: '--a=' }, { variable: 'A', split: true }],
    [{ text: 'b ' }, { variable: 'B' }, { text: ' c' }],
    [{ text: '$C' }],
    [{ variable: 'D', split: true }, { text: 'e' }],
  ]);
});

test.each(['$(id)', '`id`', 'a;b', 'a|b', '*', '~', '#x', '>f', '&', '${A:-b}', '$1', '$$', '{a,b}', '!x'])(
  '%s is plain text, also for the shell that runs it',
  (word) => {
    expect(literals(splitWords(word))).toEqual([word]);
    expect(shellWords(splitWords(word).map(quoteWord).join(' '))).toEqual([word]);
  },
);

test.each(["a 'b", 'a "b', '"a\\"'])('the open quote in <%s> is an error that says where', (line) => {
  expect(() => splitWords(line)).toThrow(
    expect.objectContaining({ code: 'INVALID_FILE', message: expect.stringContaining('is not closed') }),
  );
});

test('a variable with an impossible name is never rendered', () => {
  expect(() => quoteWord([{ variable: 'a}; id; ${b' }])).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  );
});
