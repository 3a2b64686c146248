import { newId } from '../../src/foundation/id.ts';
import type { RecordDraft } from '../../src/record/record-draft.ts';
import type { Metric, RunRecord } from '../../src/record/record-schema.ts';

/** A good run of a small model; every test changes what it is about. */
export function sampleRecord(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    schema: 'madengine.run/1',
    campaign: newId(),
    run: newId(),
    job: 'dummy|--steps 2|ci-dummy_dummy.ubuntu.amd',
    attempt: 1,
    status: 'SUCCESS',
    reason: null,
    failure: null,
    model: {
      name: 'dummy',
      args: '--steps 2',
      tags: ['dummy', 'small'],
      card: { name: 'dummy', n_gpus: '-1', training_precision: 'fp16', additional_docker_run_options: '' },
    },
    image: {
      name: 'ci-dummy_dummy.ubuntu.amd',
      dockerfile: 'docker/dummy.ubuntu.amd.Dockerfile',
      base: 'rocm/pytorch',
      base_digest: 'sha256:0123',
      id: 'sha256:4567',
      registry_image: null,
      digest: null,
      build_duration_s: 12.3456,
    },
    package: null,
    engine: { kind: 'docker', version: '20.10.24' },
    placement: { host: 'node1', target: 'local', gpus: [] },
    gpu: { vendor: 'AMD', architecture: 'gfx90a', count: 8 },
    host_facts: null,
    context: null,
    started_at: '2026-01-02T03:04:05.000Z',
    ended_at: '2026-01-02T03:04:15.000Z',
    durations: { total_s: 10, pull_s: null, stages_s: 9.5 },
    exit_code: 0,
    stages: [],
    parts: [],
    samples: [],
    metrics: [sampleMetric()],
    artifacts: [],
    output: null,
    data: null,
    git_commit: null,
    build_number: '0',
    pipeline: '',
    warnings: [],
    ...changes,
  };
}

export function sampleMetric(changes: Partial<Metric> = {}): Metric {
  return {
    name: 'samples/sec',
    value: 14164.5,
    text: '14164.5',
    unit: null,
    direction: null,
    status: 'SUCCESS',
    row: null,
    columns: {},
    ...changes,
  };
}

/** What is known of such a run before it starts. */
export function sampleDraft(changes: Partial<RecordDraft> = {}): RecordDraft {
  const { schema, campaign, run, job, attempt, model, image, placement, started_at, ...rest } =
    sampleRecord();
  const {
    package: source,
    engine,
    gpu,
    host_facts,
    context,
    data,
    git_commit,
    build_number,
    pipeline,
    warnings,
  } = rest;
  return {
    schema,
    campaign,
    run,
    job,
    attempt,
    model,
    image,
    package: source,
    engine,
    placement,
    gpu,
    host_facts,
    context,
    started_at,
    data,
    git_commit,
    build_number,
    pipeline,
    warnings,
    ...changes,
  };
}
