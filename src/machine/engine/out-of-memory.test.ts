import { expect, test } from 'vitest';
import { fakeRunner } from '../command/fake-runner.ts';
import { wasOutOfMemory } from './out-of-memory.ts';

// Recorded from docker 20.10 (cgroup version 1) and, of `memory.events`, from the kernel's documentation of version 2.
const version1 = 'oom_kill_disable 0\nunder_oom 0\noom_kill 1\n';
const version2 = 'low 0\nhigh 0\nmax 25\noom 1\noom_kill 1\n';

test.each([
  ['a process of it was ended', 'false true', version1, true],
  ['a process of it was ended, version 2', 'false true', version2, true],
  ['nothing was ended', 'false true', version2.replace('oom_kill 1', 'oom_kill 0'), false],
  ['there are no counters', 'false true', '', false],
  ['the container itself was ended', 'true false', '', true],
  ['the container ended by itself', 'false false', version1, false],
])('%s: %s', async (_, state, counters, expected) => {
  const runner = fakeRunner([
    { when: 'docker container inspect', stdout: `${state}\n` },
    { when: 'docker exec c1 cat', stdout: counters, exitCode: 1 },
  ]);
  expect(await wasOutOfMemory(runner, 'docker', 'c1')).toBe(expected);
});

test('an engine that does not answer leaves it unknown', async () => {
  const gone = fakeRunner([{ when: 'docker', stderr: 'Cannot connect', exitCode: 1 }]);
  expect(await wasOutOfMemory(gone, 'docker', 'c1')).toBe(false);
  expect(await wasOutOfMemory(fakeRunner([]), 'docker', 'c1')).toBe(false);
});
