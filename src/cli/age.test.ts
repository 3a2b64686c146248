import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAge } from './age.ts';

test('an age is a whole number with its unit', () => {
  expect(['90m', '12h', '30d', '2w'].map(parseAge)).toEqual([5400, 43_200, 2_592_000, 1_209_600]);
});

test('anything else is refused, never taken for no age at all', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!/^\s*\d{1,6}[mhdw]\s*$/.test(text));
      expect(() => parseAge(text)).toThrow('--older-than must be an age');
    }),
  );
});
