import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readBuildProgress, stepPrefix } from './build-progress.ts';

/** Recorded from Docker 20.10 with BuildKit. */
const buildKit = `#1 [internal] load build definition from Dockerfile
#1 sha256:f40ed485d896e6d69d4517a3cff1a326fd4964ceb19e48741811c88757d96dd4
#1 DONE 0.0s

#4 [one 1/2] FROM docker.io/library/madengine-base:busybox
#4 DONE 0.0s

#5 [one 2/2] RUN echo hi
#5 0.161 hi

#7 [stage-1 3/3] RUN echo working; exit 3
#7 0.223 working
#7 0.424 boom: no such thing
#5 DONE 0.2s
#7 ERROR: executor failed running [/bin/sh -c echo working; exit 3]: exit code: 3
------
 > [stage-1 3/3] RUN echo working; exit 3:
------
executor failed running [/bin/sh -c echo working; exit 3]: exit code: 3
`;

/** Recorded from Docker 20.10 without BuildKit. */
const oldBuilder = `Sending build context to Docker daemon  2.048kB\r\r
Step 1/2 : FROM madengine-base:busybox
 ---> a28fd3ec94d1
Step 2/2 : RUN echo working; exit 3
 ---> Running in 50a05c04d6a0
working
\u001b[91mboom: no such thing
\u001b[0mThe command '/bin/sh -c echo working; exit 3' returned a non-zero code: 3
`;

/** Recorded from podman 4.3. */
const podman = `[2/2] STEP 1/2: FROM madengine-base:busybox
--> 49207b53a22
[2/2] STEP 2/2: RUN echo working; exit 3
working
boom: no such thing
Error: building at STEP "RUN echo working; exit 3": while running runtime: exit status 3
`;

function read(text: string, size = text.length) {
  const steps: string[] = [];
  const progress = readBuildProgress((step) => steps.push(step));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) progress.push(bytes.subarray(at, at + size));
  progress.end();
  return { steps, step: progress.step(), lastError: progress.lastError() };
}

test.each([
  ['BuildKit', buildKit, '[stage-1 3/3] RUN echo working; exit 3', 3],
  ['the old builder', oldBuilder, 'Step 2/2 : RUN echo working; exit 3', 2],
  ['podman', podman, '[2/2] STEP 2/2: RUN echo working; exit 3', 2],
])('%s tells its steps, the one that failed, and what it said last', (_, text, step, steps) => {
  const progress = read(text);
  expect(progress.step).toBe(step);
  expect(progress.steps).toHaveLength(steps);
  expect(progress.lastError).toBe('boom: no such thing');
});

test('the borders of chunks do not matter', () => {
  const recorded = fc.constantFrom(buildKit, oldBuilder, podman);
  fc.assert(
    fc.property(recorded, fc.integer({ min: 1, max: 50 }), (text, size) => {
      expect(read(text, size)).toEqual(read(text));
    }),
  );
});

test('a builder that fails before any step leaves its last line', () => {
  const { step, lastError } = read(
    '#3 [internal] load metadata for x\n#3 ERROR: not found\n------\nfailed to solve: x: not found\n',
  );
  expect(step).toBeUndefined();
  expect(lastError).toBe('failed to solve: x: not found');
});

test('a line without an end is kept in part only', () => {
  const progress = readBuildProgress(() => {});
  for (let round = 0; round < 100; round++) progress.push(Buffer.alloc(100_000, 'x'));
  progress.end();
  expect(progress.lastError()?.length).toBeLessThan(10_000);
});

test.each([
  ['#5 0.161 hi', 9],
  ['#12 1234.567 ', 13],
  ['#5 0.1', 6],
  ['#5 0', 4],
  ['#', 1],
  ['#5 CACHED', 0],
  ['#5 [2/2] RUN x', 0],
  ['# 5 0.1 x', 0],
  ['#5 0.1\n', 0],
  ['5 0.1 x', 0],
  ['', 0],
  ['\u001b[0m\u001b[91mx', 9],
  ['\u001b[0m\u001b[9', 7],
  ['\u001b[0m', 4],
  ['\u001b[0mRemoving', 4],
  ['\u001b[91mx', 5],
  ['\u001b[1mx', 0],
])('of %j, what the builder put there has %i bytes', (line, length) => {
  expect(stepPrefix(Buffer.from(`ab${line}`), 2)).toBe(length);
});
