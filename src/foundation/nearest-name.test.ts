import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearestNames } from './nearest-name.ts';

test.each([
  ['rnu', ['run', 'build', 'discover'], ['run']],
  ['biuld', ['run', 'build', 'discover'], ['build']],
  ['dicsover', ['run', 'build', 'discover'], ['discover']],
  ['timout', ['timeout', 'tags'], ['timeout']],
  ['RUN', ['run'], ['run']],
  ['--jbos', ['--json', '--jobs'], ['--jobs', '--json']],
  ['bert', ['pyt_huggingface_bert', 'dummy'], ['pyt_huggingface_bert']],
  ['xyz', ['run', 'build'], []],
  ['ab', ['ba'], ['ba']],
  ['abcdef', ['badcfe'], []],
])('%j among %j means %j', (typed, known, meant) => {
  expect(nearestNames(typed, known)).toEqual(meant);
});

test('the nearest comes first, equally near ones by name, and no more than asked for', () => {
  expect(nearestNames('dummy', ['dumy', 'dummx', 'dummy', 'dumma'], 3)).toEqual(['dummy', 'dumma', 'dummx']);
});

test('a name is found again with two neighbours swapped, a letter too many, or one too few', () => {
  const names = fc.stringMatching(/^[a-z_]{3,12}$/);
  fc.assert(
    fc.property(names, fc.nat(), fc.constantFrom('swap', 'double', 'drop'), (name, where, slip) => {
      const at = where % (name.length - 1);
      const [one = '', two = ''] = [name[at], name[at + 1]];
      const middle = { swap: two + one, double: one + one + two, drop: two }[slip];
      const typed = name.slice(0, at) + middle + name.slice(at + 2);
      expect(nearestNames(typed, [name])).toEqual([name]);
    }),
  );
});

test('enormous words are answered at once', () => {
  expect(nearestNames('x'.repeat(1_000_000), ['y'.repeat(1_000_000)])).toEqual([]);
});
