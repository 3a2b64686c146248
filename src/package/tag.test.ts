import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import { argumentLines, parseTags, printTag, type TagSelector } from './tag.ts';

const plain = (target: string): TagSelector => ({ scope: undefined, joint: '/', target, arguments: [] });

test('repeated options and commas give one list', () => {
  expect(parseTags(['a, b', 'c', ',,'])).toEqual([plain('a'), plain('b'), plain('c')]);
});

test('a comma ends a tag, also inside arguments', () => {
  expect(parseTags(['x:a=1,y']).map(printTag)).toEqual(['x:a=1', 'y']);
});

test('a folder is written with a slash or a colon', () => {
  expect(parseTags(['dir/model'])[0]).toEqual({ scope: 'dir', joint: '/', target: 'model', arguments: [] });
  expect(parseTags(['dir:model'])[0]).toEqual({ scope: 'dir', joint: ':', target: 'model', arguments: [] });
});

test('arguments follow after colons, with several values as a sweep', () => {
  expect(parseTags(['dummy3:dummy_3:batch_size=512:in=1|2'])[0]).toEqual({
    scope: 'dummy3',
    joint: ':',
    target: 'dummy_3',
    arguments: [
      { key: 'batch_size', values: ['512'] },
      { key: 'in', values: ['1', '2'] },
    ],
  });
});

test('a sweep over two arguments gives every combination, the first one slowest', () => {
  const words = parseTags(['x:a=1|2:b=3|4'])[0]?.arguments ?? [];
  expect(argumentLines(words)).toEqual([' --a 1 --b 3', ' --a 1 --b 4', ' --a 2 --b 3', ' --a 2 --b 4']);
});

test('a value that is not plain reaches the command line as one quoted word', () => {
  expect(argumentLines([{ key: 'p', values: ["it's $(x) y"] }])).toEqual([" --p 'it'\\''s $(x) y'"]);
});

test.each([
  'a=1',
  ':a=1',
  '::',
  'x:=1',
  'x:a=',
  'x:a=1||2',
  'x:a=1:a=2',
  'x:-a=1',
  'x:a b=1',
  'a/b/c',
  '/a',
  'a/',
  'a:b/c',
  'a\u0007b',
  'x:$(id)=1',
])('refuses %j', (typed) => {
  expect(() => parseTags([typed])).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

const wordOf = (pattern: RegExp) => fc.stringMatching(pattern);
const target = wordOf(/^[A-Za-z0-9_.-][A-Za-z0-9_. +-]{0,8}[A-Za-z0-9_.-]$/);
const argument = fc.record({
  key: wordOf(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,6}$/),
  values: fc.uniqueArray(wordOf(/^[!-+\--9;-{}~][ -+\--9;-{}~]{0,5}[!-+\--9;-{}~]$/), { maxLength: 3 }),
});
const selectors = fc
  .record({
    scope: fc.option(target, { nil: undefined }),
    joint: fc.constantFrom<'/' | ':'>('/', ':'),
    target,
    arguments: fc.uniqueArray(argument, { maxLength: 3, selector: ({ key }) => key }),
  })
  // Without a scope, a first argument without a value would read as `scope:target`.
  .filter((tag) => tag.scope !== undefined || tag.arguments[0]?.values.length !== 0)
  .map((tag): TagSelector => (tag.scope === undefined ? { ...tag, joint: '/' } : tag));

test('a printed selector parses to itself', () => {
  fc.assert(
    fc.property(selectors, (tag) => {
      expect(parseTags([printTag(tag)])).toEqual([tag]);
    }),
  );
});

test('any text gives selectors that survive printing, or INVALID_ARGUMENT', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab:/=|, \t$-') }), (typed) => {
      try {
        const tags = parseTags([typed]);
        expect(parseTags(tags.map(printTag))).toEqual(tags);
      } catch (error) {
        expect(error).toBeInstanceOf(MadError);
        expect((error as MadError).code).toBe('INVALID_ARGUMENT');
      }
    }),
    { numRuns: 2000 },
  );
});
