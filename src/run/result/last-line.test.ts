import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { RunFailure } from '../../record/record-schema.ts';
import { addLastLine } from './last-line.ts';

async function evidenceIn(log: string, changes: Partial<RunFailure> = {}): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'last-line-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'output.log');
  await writeFile(file, log);
  const failure: RunFailure = { class: 'exit_code', stage: 'run', message: 'code 1', ...changes };
  await addLastLine(failure, file);
  return failure.evidence;
}

test.each([
  ['it works\nrun.sh: line 3: nosuch: command not found\n', 'run.sh: line 3: nosuch: command not found'],
  ['50 %\r100 %\rno licence\r\n\n  \n', 'no licence'],
  ['\u001b[31mno licence\u001b[0m', 'no licence'],
  [`${'x'.repeat(20_000)}\n${'y'.repeat(600)}\n`, 'y'.repeat(500)],
  ['', undefined],
])('a script that gives up says why last: %j', async (log, evidence) => {
  expect(await evidenceIn(log)).toBe(evidence);
});

test('a line that shows it already stays, and what is no script giving up has none', async () => {
  expect(await evidenceIn('last\n', { evidence: 'ValueError: x' })).toBe('ValueError: x');
  expect(await evidenceIn('last\n', { class: 'timeout' })).toBeUndefined();
  expect(await evidenceIn('last\n', { class: 'missing_metric' })).toBeUndefined();
  expect(await evidenceIn('last\n', { class: 'setup', stage: 'pre_script' })).toBe('last');
  expect(await evidenceIn('last\n', { class: 'data', stage: 'data' })).toBe('last');
  expect(await evidenceIn('last\n', { class: 'disk_full', stage: 'data' })).toBeUndefined();
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
])('a traceback is shown by its exception: %j', async (log, evidence) => {
  expect(await evidenceIn(log, { evidence: headline, class: 'error_pattern' })).toBe(evidence);
});

test('a log that is not there changes nothing', async () => {
  const failure: RunFailure = { class: 'exit_code', stage: 'run', message: 'code 1' };
  await addLastLine(failure, '/nonexistent/output.log');
  expect(failure.evidence).toBeUndefined();
});
