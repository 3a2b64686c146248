import { expect, test } from 'vitest';
import { MadError } from '../../foundation/error.ts';
import { Scrubber, Secret } from '../../foundation/secret.ts';
import { coloursFor } from './colours.ts';
import { errorReport } from './error-report.ts';

const scrubber = new Scrubber([new Secret('key', 'hunter2hunter2')]);
const options = { colours: coloursFor(false), verbose: false, scrub: (text: string) => scrubber.scrub(text) };

test('an error says what failed, its code and what to do next', () => {
  const error = new MadError('FILE_NOT_FOUND', 'no file x.json', { hint: 'Make it.\nOr name another.' });
  expect(errorReport(error, options)).toBe(
    'Error: no file x.json [FILE_NOT_FOUND]\n  Make it.\n  Or name another.\n',
  );
});

test('the stack of the cause shows only when asked for, and no secret shows ever', () => {
  const cause = new Error('inner hunter2hunter2');
  const error = new MadError('ENGINE_FAILED', 'login with hunter2hunter2 failed\u001b[2J', {
    cause,
    hint: 'hunter2hunter2',
  });
  const quiet = errorReport(error, options);
  const loud = errorReport(error, { ...options, verbose: true });
  expect(quiet).not.toContain('error-report.test');
  expect(loud).toContain('error-report.test');
  expect(loud).toContain('inner ******');
  for (const text of [quiet, loud]) expect(text).not.toMatch(/hunter2|\u001b/);
});

test('a defect of ours says so', () => {
  expect(errorReport(new MadError('INTERNAL', 'x is not a function'), options)).toContain(
    'defect of madengine',
  );
});
