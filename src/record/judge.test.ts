import { expect, test } from 'vitest';
import { judge, type Observations } from './judge.ts';
import type { Metric } from './record-schema.ts';

const metric: Metric = {
  name: 'samples/sec',
  value: 12,
  text: '12',
  unit: null,
  direction: null,
  status: 'SUCCESS',
  row: null,
  columns: {},
};
const ran = { name: 'run', title: 'run.sh', exit_code: 0, duration_s: 1 };
const good: Observations = {
  end: { kind: 'exited', exitCode: 0 },
  stages: [ran],
  error: undefined,
  metrics: [metric],
  metricProblem: undefined,
  outOfMemory: false,
  skippedRun: false,
};

test('a run with exit code 0 and a metric is a success', () => {
  expect(judge(good)).toEqual({ status: 'SUCCESS', failure: null, reason: null });
});

test('a run without a metric is a failure of its own class', () => {
  expect(judge({ ...good, metrics: [] }).failure).toMatchObject({ class: 'missing_metric', stage: 'run' });
});

test('a node whose results another one has is good without any, but not after a failure', () => {
  const worker: Observations = { ...good, metrics: [], isWorker: true, metricProblem: { message: 'none' } };
  expect(judge(worker)).toEqual({
    status: 'SUCCESS',
    failure: null,
    reason: 'its results are those of another node (MAD_COLLECT_METRICS)',
  });
  expect(judge({ ...worker, stages: [{ ...ran, exit_code: 1 }] }).failure?.class).toBe('exit_code');
  const error = { pattern: 'FAILED', line: 'FAILED', class: 'error_pattern' as const };
  expect(judge({ ...worker, error }).failure?.class).toBe('error_pattern');
  expect(judge({ ...worker, metrics: [{ ...metric, status: 'FAILURE' }] }).failure?.class).toBe(
    'missing_metric',
  );
});

test('a number without a metric is quoted', () => {
  const problem = { message: 'no metric', evidence: 'performance: 12' };
  expect(judge({ ...good, metrics: [], metricProblem: problem }).failure).toMatchObject({
    class: 'missing_metric',
    evidence: 'performance: 12',
  });
});

test('one row without a number makes the model fail', () => {
  const bad = { ...metric, status: 'FAILURE' as const, row: 'b', value: null, text: '' };
  expect(judge({ ...good, metrics: [metric, bad] }).failure).toMatchObject({
    class: 'missing_metric',
    message: '1 of 2 results have no number: b',
  });
});

test.each<[Partial<Metric>, Partial<Metric>[], string]>([
  [{ name: '' }, [], "1 of 1 results don't count: b has no metric"],
  [{ row: '' }, [], "1 of 1 results don't count: a row without a model has no name"],
  [{ columns: { status: 'FAILURE' } }, [], "1 of 1 results don't count: b has the status FAILURE"],
  [{}, [], "1 of 1 results don't count: b has more cells than columns"],
  [{}, [{ column: 'p99', value: null }], "1 of 1 results don't count: b has no number in p99"],
])('a row that does not count says what it lacks: %j', (changes, others, message) => {
  const row = { ...metric, status: 'FAILURE' as const, row: 'b' };
  const metrics = [{ ...row, ...changes }, ...others.map((other) => ({ ...row, ...other }))];
  expect(judge({ ...good, metrics }).failure?.message).toBe(message);
});

test('a non-zero exit code weighs more than a metric, and shows the error line', () => {
  const error = { pattern: 'ValueError:', line: 'ValueError: bad', class: 'error_pattern' as const };
  const stages = [{ ...ran, exit_code: 3 }];
  expect(judge({ ...good, stages, end: { kind: 'exited', exitCode: 3 }, error }).failure).toEqual({
    class: 'exit_code',
    stage: 'run',
    message: 'stage run (run.sh) ended with exit code 3',
    evidence: 'ValueError: bad',
  });
});

test('a failed pre-script is a failure of the setup', () => {
  const stages = [{ name: 'pre_script', title: 'prepare.sh', exit_code: 1, duration_s: 1 }];
  expect(judge({ ...good, stages, end: { kind: 'exited', exitCode: 1 } }).failure).toMatchObject({
    class: 'setup',
    stage: 'pre_script',
  });
});

test.each(['pre_script', 'data'])(
  'a program that a script of stage %s lacks is not there the next time either; any other failure may pass',
  (name) => {
    const failure = (exitCode: number) => {
      const stages = [{ name, title: 'get.sh', exit_code: exitCode, duration_s: 1 }];
      return judge({ ...good, stages, end: { kind: 'exited', exitCode } }).failure;
    };
    expect([126, 127, 1].map((code) => failure(code)?.permanent)).toEqual([true, true, undefined]);
  },
);

test('an error pattern makes a run fail that printed a metric', () => {
  const error = {
    pattern: 'CUDA out of memory',
    line: 'CUDA out of memory.',
    class: 'out_of_memory' as const,
  };
  expect(judge({ ...good, error }).failure).toMatchObject({
    class: 'out_of_memory',
    evidence: 'CUDA out of memory.',
  });
});

test('a stage without an exit code is no success', () => {
  const stages = [{ ...ran, exit_code: null }];
  expect(judge({ ...good, stages }).failure).toMatchObject({ class: 'engine', stage: 'run' });
});

test.each([
  [{ kind: 'timed-out', limitS: 5 } as const, 'timeout'],
  [{ kind: 'interrupted', signal: 'SIGTERM' } as const, 'interrupted'],
  [{ kind: 'lost', message: 'gone' } as const, 'engine'],
])('%j is a failure of class %s, whatever was printed', (end, expected) => {
  expect(judge({ ...good, end }).failure?.class).toBe(expected);
});

test('--skip-model-run is SKIPPED when the rest went well, and a failure when it did not', () => {
  expect(judge({ ...good, metrics: [], skippedRun: true }).status).toBe('SKIPPED');
  const stages = [{ name: 'pre_script', title: 'prepare.sh', exit_code: 1, duration_s: 1 }];
  expect(judge({ ...good, stages, end: { kind: 'exited', exitCode: 1 }, skippedRun: true }).status).toBe(
    'FAILURE',
  );
});

test('a failed check is a failure of its own class, with the line that shows it', () => {
  const passed = { name: 'loads', status: 'SUCCESS' as const, message: 'a line matches' };
  const failed = {
    name: 'no NaN',
    status: 'FAILURE' as const,
    message: 'a line matches nan',
    evidence: 'loss: nan',
  };
  expect(judge({ ...good, checks: [passed, failed, { ...failed, name: 'other' }] }).failure).toEqual({
    class: 'check',
    stage: 'run',
    message: 'check "no NaN": a line matches nan, and 1 more failed',
    evidence: 'loss: nan',
  });
  expect(judge({ ...good, checks: [passed] }).status).toBe('SUCCESS');
});

test('what the kernel ended for lack of memory is out of memory, be it a process or the whole container', () => {
  const outOfMemory = { ...good, outOfMemory: true };
  const stages = [{ ...ran, exit_code: 137 }];
  expect(judge({ ...outOfMemory, stages, end: { kind: 'exited', exitCode: 137 } }).failure).toMatchObject({
    class: 'out_of_memory',
    message: 'the kernel ended a process of it for lack of memory, exit code 137',
  });
  const lost = { kind: 'lost', message: 'the container ended' } as const;
  expect(judge({ ...outOfMemory, stages: [{ ...ran, exit_code: null }], end: lost }).failure).toMatchObject({
    class: 'out_of_memory',
  });
});

test('a full disk is the cause of what it can be the cause of, and of nothing else', () => {
  const fullDisk = { message: 'a disk is full', evidence: 'dd: No space left on device' };
  const failed = {
    ...good,
    fullDisk,
    stages: [{ ...ran, exit_code: 1 }],
    end: { kind: 'exited', exitCode: 1 },
  } as const;
  expect(judge(failed).failure).toEqual({
    class: 'disk_full',
    stage: 'run',
    message: 'a disk is full: stage run (run.sh) ended with exit code 1',
    evidence: 'dd: No space left on device',
  });
  expect(judge({ ...good, fullDisk }).status).toBe('SUCCESS');
  expect(judge({ ...good, fullDisk, end: { kind: 'interrupted', signal: 'SIGINT' } }).failure?.class).toBe(
    'interrupted',
  );
  expect(judge({ ...failed, outOfMemory: true }).failure?.class).toBe('out_of_memory');
});
