import { expect, test } from 'vitest';
import { isId, newId } from './id.ts';

test('ids are UUIDv7, differ, and sort by their time', () => {
  const early = newId(1_000);
  const late = newId(2_000);
  expect(isId(early) && isId(late)).toBe(true);
  expect(early < late).toBe(true);
  expect(newId(1_000)).not.toBe(early);
  expect(isId('nonsense')).toBe(false);
});
