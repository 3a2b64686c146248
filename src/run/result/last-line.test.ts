import { expect, test } from 'vitest';
import type { RunFailure } from '../../record/record-schema.ts';
import { addLastLine } from './last-line.ts';

function evidenceIn(output: string, changes: Partial<RunFailure> = {}): string | undefined {
  const failure: RunFailure = { class: 'exit_code', stage: 'run', message: 'code 1', ...changes };
  addLastLine(failure, output);
  return failure.evidence;
}

test.each([
  ['it works\nrun.sh: line 3: nosuch: command not found\n', 'run.sh: line 3: nosuch: command not found'],
  ['50 %\r100 %\rno licence\r\n\n  \n', 'no licence'],
  ['\u001b[31mno licence\u001b[0m', 'no licence'],
  [`${'x'.repeat(20_000)}\n${'y'.repeat(600)}\n`, 'y'.repeat(500)],
  ['', undefined],
])('a script that gives up says why last: %j', (log, evidence) => {
  expect(evidenceIn(log)).toBe(evidence);
});

test('a line that shows it already stays, and what is no script giving up has none', () => {
  expect(evidenceIn('last\n', { evidence: 'ValueError: x' })).toBe('ValueError: x');
  expect(evidenceIn('last\n', { class: 'timeout' })).toBeUndefined();
  expect(evidenceIn('last\n', { class: 'missing_metric' })).toBeUndefined();
  expect(evidenceIn('last\n', { class: 'setup', stage: 'pre_script' })).toBe('last');
  expect(evidenceIn('last\n', { class: 'data', stage: 'data' })).toBe('last');
  expect(evidenceIn('last\n', { class: 'disk_full', stage: 'data' })).toBeUndefined();
});

const headline = 'Traceback (most recent call last):';
test.each([
  [`${headline}\n  File "x", line 1, in <module>\n    raise KeyError(3)\nKeyError: 3\nbye\n`, 'KeyError: 3'],
  [
    `${headline}\n  File "a"\nKeyError: 3\n\nDuring …:\n\n${headline}\n  File "b"\nOSError: 4\n`,
    'OSError: 4',
  ],
  [`[rank0]: ${headline}\n[rank0]:   File "a"\n[rank1]: bye\n[rank0]: KeyError: 3\n`, 'KeyError: 3'],
  [`${headline}\n  File "x", line 1`, headline],
])('a traceback is shown by its exception: %j', (log, evidence) => {
  expect(evidenceIn(log, { evidence: headline, class: 'error_pattern' })).toBe(evidence);
});
