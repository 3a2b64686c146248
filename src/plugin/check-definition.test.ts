import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import { definitionsIn } from './check-definition.ts';

const launcher = { api: 1, kind: 'launcher', name: 'mine', launch: () => ({ runner: [], env: {} }) };
const report = { api: 1, kind: 'report', name: 'table', render: () => '' };

const messageOf = (exported: unknown): string => {
  try {
    definitionsIn(exported, 'p.mjs');
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('one definition and a list of them are taken as they are', () => {
  expect(definitionsIn(launcher, 'p.mjs')).toEqual([launcher]);
  expect(definitionsIn([launcher, report], 'p.mjs')).toEqual([launcher, report]);
});

test('a definition may be an object of a class', () => {
  class Mine {
    api = 1;
    kind = 'launcher';
    name = 'mine';
    launch() {
      return { runner: [], env: {} };
    }
  }
  expect(definitionsIn(new Mine(), 'p.mjs')).toHaveLength(1);
});

test('messages say which of several definitions is wrong', () => {
  expect(messageOf([launcher, { ...report, render: 'text' }])).toBe(
    'p.mjs, no. 2: render: expected a function, found "text"',
  );
});

test.each([
  [{ ...launcher, name: 'Mine' }, 'name: expected the name of a launcher: small letters'],
  [{ ...launcher, name: '../x' }, 'name: expected the name of a launcher'],
  [{ ...launcher, replaces: 'yes' }, 'replaces: expected true or false, found "yes"'],
  [{ api: 1, kind: 'vendor', name: 'NPU', detect() {} }, 'programs: expected programs or files'],
  [
    { api: 1, kind: 'vendor', name: 'NPU', files: ['dev/x'], detect() {} },
    'files: expected a list of absolute',
  ],
  [
    { api: 1, kind: 'target', name: 't', variables: ['A=1'], place() {} },
    'variables: expected a list of names',
  ],
  [{ ...launcher, api: '1' }, 'api: expected 1, found "1"'],
  [[], 'the default export: expected at least one definition'],
  [undefined, 'has no default export'],
  [null, 'the default export: expected an object, found null'],
])('%o is refused in words', (exported, message) => {
  expect(messageOf(exported)).toContain(message);
});

test('whatever is exported is a list of definitions or one error for the person who wrote it', () => {
  const nearly = fc.record(
    {
      api: fc.constantFrom(1, 2, '1'),
      kind: fc.constantFrom('vendor', 'provider', 'tool', 'launcher', 'target', 'report', 'x', 3),
      name: fc.string(),
      files: fc.anything(),
      credentials: fc.anything(),
      launch: fc.anything(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.anything(), nearly, fc.array(nearly)), (exported) => {
      try {
        expect(definitionsIn(exported, 'p.mjs').length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(MadError);
        expect((error as MadError).code).toBe('INVALID_FILE');
      }
    }),
  );
});
