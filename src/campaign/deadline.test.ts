import { expect, test } from 'vitest';
import type { Clock } from '../foundation/clock.ts';
import { Deadline, endedByDeadline } from '../run/run-failure.ts';
import { leftBecause, startDeadline } from './deadline.ts';

/** A clock that stands at 100 s, and whose sleepers wake up when told. */
function stillClock(): Clock & { slept: number[]; wake(): Promise<void> } {
  const slept: number[] = [];
  let wakeUp = (): void => {};
  return {
    slept,
    now: () => new Date(0),
    monotonic: () => 100,
    sleep: (ms, signal) => {
      slept.push(ms);
      return new Promise((resolve, reject) => {
        wakeUp = resolve;
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    },
    async wake() {
      wakeUp();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('a deadline counts from the start of the campaign and aborts with its own reason', async () => {
  const clock = stillClock();
  const deadline = startDeadline(30, 90, { clock, signal: new AbortController().signal });
  expect(clock.slept).toEqual([20_000]);
  expect(deadline.signal.aborted).toBe(false);
  await clock.wake();
  expect(String(deadline.signal.reason)).toBe('the deadline of 30 s (--deadline)');
});

test('one that is over aborts at once, and 0 is none', () => {
  const clock = stillClock();
  const { signal } = new AbortController();
  expect(startDeadline(5, 90, { clock, signal }).signal.aborted).toBe(true);
  expect(startDeadline(0, 90, { clock, signal }).signal).toBe(signal);
  expect(clock.slept).toEqual([]);
});

test('once stopped it aborts nothing, and a signal from outside keeps its reason', async () => {
  const clock = stillClock();
  const outside = new AbortController();
  const deadline = startDeadline(30, 90, { clock, signal: outside.signal });
  deadline.stop();
  await clock.wake();
  expect(deadline.signal.aborted).toBe(false);
  outside.abort('SIGINT');
  expect(deadline.signal.reason).toBe('SIGINT');
});

test('what the deadline ends is a timeout; what a person ends stays interrupted', () => {
  const interrupted = { class: 'interrupted', stage: 'run', message: 'ended by x' } as const;
  const verdict = { status: 'FAILURE', failure: interrupted, reason: null } as const;
  expect(endedByDeadline(verdict, AbortSignal.abort(new Deadline(9))).failure).toEqual({
    at_deadline: true,
    class: 'timeout',
    stage: 'run',
    message: 'not finished by the deadline of 9 s (--deadline) of the campaign',
  });
  expect(endedByDeadline(verdict, AbortSignal.abort('SIGTERM'))).toBe(verdict);
});

test('what did not start any more says why, and what the attempt before failed of', () => {
  const last = { class: 'pull', stage: 'pull', message: 'no network' } as const;
  const { signal } = new AbortController();
  expect(leftBecause({}, 9, signal)).toEqual({
    class: 'not_run',
    stage: null,
    message: 'not started before the deadline of 9 s (--deadline) of the campaign',
  });
  expect(leftBecause({ last }, 9, signal).message).toContain(
    '; the attempt before failed (pull): no network',
  );
  expect(leftBecause({}, 9, AbortSignal.abort('SIGTERM'))).toEqual({
    class: 'interrupted',
    stage: null,
    message: 'not started before SIGTERM',
  });
  expect(leftBecause({ begun: {}, last }, 9, AbortSignal.abort('SIGINT'))).toMatchObject({
    class: 'interrupted',
    message: 'ended by SIGINT; the attempt before failed (pull): no network',
  });
});
