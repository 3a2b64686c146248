import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numberListText, parseNumberList } from './number-list.ts';

test('lists and ranges are sorted, without doubles, and bad ones are refused', () => {
  expect(parseNumberList('0,2-4,5-5,7,3', 'docker_gpus')).toEqual([0, 2, 3, 4, 5, 7]);
  for (const bad of ['a', '4-2', '1,,2', '-1']) {
    expect(() => parseNumberList(bad, 'docker_gpus')).toThrow(/docker_gpus: cannot read/);
  }
});

test('a list reads back as it was written', () => {
  const numbers = fc.uniqueArray(fc.nat(99), { minLength: 1 }).map((list) => list.sort((a, b) => a - b));
  fc.assert(
    fc.property(numbers, (list) => {
      expect(parseNumberList(numberListText(list), 'x')).toEqual(list);
    }),
  );
});
