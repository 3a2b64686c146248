import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inParallel } from './in-parallel.ts';

test('every item has its turn, in order, and never more than the width at once', async () => {
  const begun: number[] = [];
  let now = 0;
  let most = 0;
  await inParallel([10, 20, 30, 40, 50], 2, async (item, index) => {
    begun.push(index, item);
    most = Math.max(most, ++now);
    await delay(5 - index);
    now--;
  });
  expect(begun).toEqual([0, 10, 1, 20, 2, 30, 3, 40, 4, 50]);
  expect(most).toBe(2);
});

test('a failure is thrown when what is under way is over, and nothing is begun after it', async () => {
  const over: string[] = [];
  const act = async (item: string): Promise<void> => {
    if (item === 'bad') throw new Error('the disk is full');
    await delay(20);
    over.push(item);
  };
  await expect(inParallel(['slow', 'bad', 'late', 'later'], 2, act)).rejects.toThrow('the disk is full');
  expect(over).toEqual(['slow']);
});
