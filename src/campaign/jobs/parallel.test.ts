import { expect, test } from 'vitest';
import { limitsOf } from './parallel.ts';

test('a number limits all jobs, auto only those without a GPU', () => {
  expect(limitsOf(3, 64)).toEqual({ slots: 3, plain: 3 });
  expect(limitsOf('auto', 64)).toEqual({ slots: Number.POSITIVE_INFINITY, plain: 32 });
  expect(limitsOf('auto', 1).plain).toBe(1);
});
