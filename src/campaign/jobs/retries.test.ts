import { expect, test } from 'vitest';
import { failureClasses } from '../../record/record-schema.ts';
import { isWorthRetrying, pauseBehind } from './retries.ts';

test("what is around a model is worth another try; what is the model's own, or nobody's fault, is not", () => {
  const worth = failureClasses.filter((name) =>
    isWorthRetrying({ failure: { class: name, stage: null, message: '' } }),
  );
  expect(worth).toEqual(['pull', 'setup', 'clone', 'data', 'device', 'engine']);
});

test('a success, a failure that is known and one that another try could not help are not', () => {
  const failure = { class: 'pull', stage: null, message: '' } as const;
  expect(isWorthRetrying({ failure: null })).toBe(false);
  expect(isWorthRetrying({ failure, known: true })).toBe(false);
  expect(isWorthRetrying({ failure: { ...failure, permanent: true } })).toBe(false);
});

test('the pause grows, up to five minutes', () => {
  expect([1, 2, 3, 20].map(pauseBehind)).toEqual([5, 10, 20, 300]);
});
