import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sampleRecord } from '../../test/sample/record.ts';
import { type KnownFailure, markKnown, readKnownFailures } from './known-failure.ts';
import type { FailureClass, RunRecord } from './record-schema.ts';

const entry = (changes: Partial<KnownFailure> = {}): KnownFailure => ({
  model: 'dummy',
  reason: 'issue 12',
  ...changes,
});
const failed = (failureClass: FailureClass): RunRecord =>
  sampleRecord({ status: 'FAILURE', failure: { class: failureClass, stage: 'run', message: 'no' } });

test.each<[string, Partial<KnownFailure>, FailureClass, true | undefined]>([
  ['of any class', {}, 'exit_code', true],
  ['of its class', { class: 'timeout' }, 'timeout', true],
  ['of another class', { class: 'timeout' }, 'exit_code', undefined],
  ['with its arguments', { args: ' --steps 2' }, 'exit_code', true],
  ['with other arguments', { args: '--steps 3' }, 'exit_code', undefined],
  ['of another model', { model: 'dummy2' }, 'exit_code', undefined],
  ['by a signal', {}, 'interrupted', undefined],
  ['by a signal, when that is named', { class: 'interrupted' }, 'interrupted', true],
])('a failure %s', (_, changes, failureClass, expected) => {
  const record = failed(failureClass);
  markKnown(record, [entry(changes)]);
  expect(record.known).toBe(expected);
  expect(record.known_reason).toBe(expected && 'issue 12');
});

test('a success that should have failed is marked as such, a skipped run is not', () => {
  const record = sampleRecord();
  markKnown(record, [entry({ class: 'timeout' })]);
  expect(record).toMatchObject({ status: 'SUCCESS', known: false, known_reason: 'issue 12' });
  const skipped = sampleRecord({ status: 'SKIPPED' });
  markKnown(skipped, [entry()]);
  expect(skipped.known).toBeUndefined();
});

async function read(content: unknown): Promise<KnownFailure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'known-failures-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'known.json');
  await writeFile(file, JSON.stringify(content));
  return readKnownFailures(file);
}

test('the file is a list', async () => {
  expect(await read([entry({ class: 'timeout', args: '' })])).toEqual([
    entry({ class: 'timeout', args: '' }),
  ]);
  expect(await read([])).toEqual([]);
});

test.each([
  [{ dummy: 'issue 12' }, 'expected array'],
  [[{ model: 'dummy' }], '[0].reason'],
  [[entry({ class: 'timedout' as FailureClass })], '[0].class'],
  [[{ ...entry(), clas: 'timeout' }], '"clas"'],
])('%j is refused: %s', async (content, words) => {
  await expect(read(content)).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining(words),
  });
});
