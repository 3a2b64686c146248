import { expect, test } from 'vitest';
import { exitCodeOf, exitCodeOfSignal } from './exit-code.ts';

const run = (status: 'SUCCESS' | 'FAILURE' | 'SKIPPED', misfit = false) => ({ status, misfit });

test('all good is 0, and a skipped run counts as good', () => {
  expect(exitCodeOf({ failedBuilds: 0, runs: [run('SUCCESS'), run('SKIPPED')] })).toBe(0);
});

test('a failed run is 3, even beside a failed build', () => {
  expect(exitCodeOf({ failedBuilds: 1, runs: [run('SUCCESS'), run('FAILURE')] })).toBe(3);
});

test('a failed build or push with good runs is 2', () => {
  expect(exitCodeOf({ failedBuilds: 1, runs: [run('SUCCESS')] })).toBe(2);
});

test('a known failure counts as good', () => {
  const known = { ...run('FAILURE'), known: true };
  expect(exitCodeOf({ failedBuilds: 0, runs: [run('SUCCESS'), known] })).toBe(0);
  expect(exitCodeOf({ failedBuilds: 0, runs: [run('FAILURE'), known] })).toBe(3);
});

test('nothing that fits this machine is 3', () => {
  expect(exitCodeOf({ failedBuilds: 0, runs: [run('SKIPPED', true), run('SKIPPED', true)] })).toBe(3);
  expect(exitCodeOf({ failedBuilds: 0, runs: [run('SUCCESS'), run('SKIPPED', true)] })).toBe(0);
});

test('signals end with the codes of the shell', () => {
  expect([exitCodeOfSignal('SIGINT'), exitCodeOfSignal('SIGTERM'), exitCodeOfSignal('SIGHUP')]).toEqual([
    130, 143, 129,
  ]);
});
