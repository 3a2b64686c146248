import { expect, test } from 'vitest';
import { unlessUsual } from './usual-file.ts';

test.each([
  ['data.json', undefined],
  ['./data.json', undefined],
  [undefined, undefined],
  ['../data.json', '../data.json'],
  ['/mad/data.json', '/mad/data.json'],
])('of %s, where data.json counts anyway, %s is left', (typed, left) => {
  expect(unlessUsual(typed, 'data.json')).toBe(left);
});
