import { expect, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import { failureOf, isPermanent } from './run-failure.ts';

test('what an error says of another try goes before what such errors are as a rule', () => {
  expect(isPermanent(new MadError('DATA_UNAVAILABLE', 'x'))).toBe(true);
  expect(isPermanent(new MadError('DATA_UNAVAILABLE', 'x', { passes: true }))).toBe(false);
  expect(isPermanent(new MadError('ENGINE_FAILED', 'x'))).toBe(false);
  expect(isPermanent(new MadError('ENGINE_FAILED', 'x', { passes: false }))).toBe(true);
});

test('a failure says that it is permanent only where it is', () => {
  const signal = new AbortController().signal;
  expect(failureOf(new MadError('INVALID_FILE', 'x'), signal, '/r')).toHaveProperty('permanent', true);
  expect(failureOf(new MadError('ENGINE_FAILED', 'x'), signal, '/r')).not.toHaveProperty('permanent');
});
