import { expect, test } from 'vitest';
import { sampleMetric, sampleRecord } from '../../test/sample/record.ts';
import type { BuiltImage } from '../manifest/manifest-schema.ts';
import type { RunRecord } from './record-schema.ts';
import { nodeSummary, runSummary, workflowSummary } from './run-summary.ts';

const failure = { class: 'exit_code', stage: 'run', message: 'exit code 1', evidence: 'boom' } as const;
const bad = (changes: Partial<RunRecord> = {}): RunRecord =>
  sampleRecord({ status: 'FAILURE', metrics: [], failure, ...changes });
const build: BuiltImage = {
  docker_image: 'ci-dummy_dummy.ubuntu.amd',
  dockerfile: 'docker/dummy.ubuntu.amd.Dockerfile',
  base_docker: 'rocm/pytorch',
  docker_sha: 'sha256:0123',
  build_duration: 12.3,
  build_command: 'docker build .',
  log_file: 'dummy.build.live.log',
};
const summary = (...records: RunRecord[]) =>
  runSummary({ records, builds: new Map([[build.docker_image, build]]), totalS: 1.23456 });

test("a run has the reference's keys, with those of its build under them", () => {
  const output = { path: 'output.log', bytes: 1, scrubbed: false };
  expect(summary(sampleRecord({ output }))).toMatchObject({
    successful_runs: [
      {
        model: 'dummy',
        docker_image: 'ci-dummy_dummy.ubuntu.amd',
        status: 'SUCCESS',
        performance: '14164.5',
        metric: 'samples/sec',
        test_duration: 9.5,
        duration: 10,
        machine_name: 'node1',
        log_file: expect.stringMatching(/run\.live\.log$/),
        base_docker: 'rocm/pytorch',
        build_command: 'docker build .',
      },
    ],
    failed_runs: [],
    total_runs: 1,
    total_execution_time: 1.235,
  });
});

test('failures stand apart from known ones, with class, message and line', () => {
  const found = summary(
    bad(),
    bad({ known: true, known_reason: 'issue 12' }),
    sampleRecord({ status: 'SKIPPED', reason: 'old' }),
  );
  expect(found).toMatchObject({
    successful_runs: [{ status: 'SKIPPED', reason: 'old' }],
    failed_runs: [{ failure_class: 'exit_code', error: 'exit code 1', evidence: 'boom' }],
    known_failures: [{ known_reason: 'issue 12' }],
    total_runs: 3,
  });
});

test('unexpected passes and results that nothing checked are named', () => {
  expect(
    summary(
      sampleRecord({ known: false, known_reason: 'x', checked: false }),
      sampleRecord({ checked: true }),
    ),
  ).toMatchObject({
    unexpected_passes: ['dummy --steps 2'],
    unchecked_results: ['dummy --steps 2'],
  });
});

test('a full workflow has both phases, a run by manifest its own keys', () => {
  const runPhase = { failed_runs: [] };
  const buildPhase = { failed_builds: [] };
  expect(workflowSummary({ buildPhase, runPhase, success: true })).toEqual({
    build_phase: buildPhase,
    run_phase: runPhase,
    overall_success: true,
  });
  expect(workflowSummary({ buildPhase: undefined, runPhase, success: false })).toEqual({
    ...runPhase,
    overall_success: false,
  });
});

test('each node has its runs, failures and results', () => {
  const placement = { host: 'node2', target: 'local', gpus: [] };
  const nodes = nodeSummary([
    sampleRecord({ metrics: [sampleMetric({ row: 'a' })] }),
    bad(),
    bad({ placement }),
    bad({ placement: null }),
  ]);
  expect(nodes).toMatchObject([
    {
      node: 'node1',
      runs: 2,
      failed: 1,
      duration: 20,
      results: [{ model: 'dummy_a', performance: '14164.5' }],
    },
    { node: 'node2', runs: 1, failed: 1, results: [] },
  ]);
});
