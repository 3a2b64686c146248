import { expect, test } from 'vitest';
import { sizeText } from './size-text.ts';

test('sizes are told with two digits in the largest unit that fits', () => {
  expect([0, 512, 1024, 1536 * 1024, 20 * 2 ** 30, 5 * 2 ** 50].map(sizeText)).toEqual([
    '0 bytes',
    '512 bytes',
    '1.0 KiB',
    '1.5 MiB',
    '20 GiB',
    '5.0 PiB',
  ]);
});
