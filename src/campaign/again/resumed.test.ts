import { expect, test } from 'vitest';
import { sampleRecord } from '../../../test/sample/record.ts';
import type { FailureClass, RunRecord } from '../../record/record-schema.ts';
import { isOver } from './resumed.ts';

const once = { jobs: [], id: 'x', rerunFailed: false, started: new Map() };
const again = { jobs: [], id: 'x', rerunFailed: true, started: new Map() };

function failed(failureClass: FailureClass, changes: Partial<RunRecord> = {}): RunRecord {
  const failure = { class: failureClass, stage: null, message: '' };
  return { ...sampleRecord(), status: 'FAILURE', failure, ...changes };
}

test('what succeeded, was skipped, or failed by itself is over', () => {
  for (const status of ['SUCCESS', 'SKIPPED'] as const)
    expect(isOver({ ...sampleRecord(), status, failure: null }, again)).toBe(true);
  for (const one of ['exit_code', 'timeout', 'missing_metric', 'build'] as const)
    expect(isOver(failed(one), once)).toBe(true);
});

test('what was stopped from outside, had not begun or was about to be tried again is not', () => {
  for (const one of ['interrupted', 'not_run'] as const) expect(isOver(failed(one), once)).toBe(false);
  expect(isOver(failed('pull', { retried: true }), once)).toBe(false);
  const failure = { class: 'timeout', stage: null, message: '', at_deadline: true } as const;
  expect(isOver(failed('timeout', { failure }), once)).toBe(false);
});

test('failures run again only when they are asked for', () => {
  expect(isOver(failed('exit_code'), again)).toBe(false);
});
