import { expect, test } from 'vitest';
import type { StageMark } from '../stage/stage.ts';
import { untimedStages } from './untimed-stages.ts';

const clockAt = () => {
  const clock = { now: 100, monotonic: () => clock.now };
  return clock;
};
const start = (name: 'environment' | 'run', uptimeS: number): StageMark => ({
  kind: 'start',
  index: 0,
  name,
  uptimeS,
  offset: 0,
});
const end = (name: 'environment' | 'run', uptimeS: number): StageMark => ({
  kind: 'end',
  index: 0,
  name,
  uptimeS,
  offset: 0,
  exitCode: 0,
});

test('the look at the environment is counted while it goes on, and exactly when it is over', () => {
  const clock = clockAt();
  const untimed = untimedStages(clock);
  expect(untimed.seconds()).toBe(0);
  untimed.mark(start('environment', 5000));
  clock.now += 4;
  expect(untimed.seconds()).toBe(4);
  untimed.mark(end('environment', 5003.5));
  clock.now += 60;
  expect(untimed.seconds()).toBe(3.5);
});

test("the model's own stages are not, nor a second one, nor more than the look may take", () => {
  const clock = clockAt();
  const untimed = untimedStages(clock);
  untimed.mark(start('run', 1));
  clock.now += 10;
  untimed.mark(end('run', 11));
  expect(untimed.seconds()).toBe(0);
  untimed.mark(start('environment', 11));
  untimed.mark(end('environment', 100_000));
  expect(untimed.seconds()).toBe(30);
  untimed.mark(start('environment', 0));
  untimed.mark(end('environment', 1));
  expect(untimed.seconds()).toBe(30);
});
