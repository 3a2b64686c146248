/**
 * The run record: everything that happened in one attempt at one job on one placement. `perf.csv`, reports, databases,
 * summaries and exit codes are projections of it. A final record never changes; readers accept every earlier version.
 * Import the types from here freely; the schema itself costs load time.
 */
import * as z from 'zod/mini';

import { gpuHealthSchema, gpuSchema, gpuUsageSchema } from './gpu-schema.ts';
import { commandSchema, machineSchema, programSchema } from './provenance-schema.ts';
import { statisticsSchema } from './statistics-schema.ts';

export const recordSchemaName = 'madengine.run/1';

export const failureClasses = [
  'build',
  'push',
  'pull',
  'setup',
  'clone',
  'data',
  'timeout',
  'out_of_memory',
  'exit_code',
  'error_pattern',
  'missing_metric',
  'check',
  'device',
  'engine',
  'disk_full',
  'interrupted',
  'not_run',
] as const;

export const statuses = ['SUCCESS', 'FAILURE', 'SKIPPED'] as const;

const seconds = z.number();
const text = z.string();

export const metricSchema = z.object({
  /** The metric's name, such as `samples/sec`. */
  name: text,
  /** null when it could not be read as a number. */
  value: z.nullable(z.number()),
  /** As the model printed it. */
  text,
  unit: z.nullable(text),
  direction: z.nullable(z.enum(['higher', 'lower'])),
  status: z.enum(['SUCCESS', 'FAILURE']),
  /** The `model` cell of a row of a `multiple_results` file. */
  row: z.nullable(text),
  /** Further columns of that row. */
  columns: z.record(text, text),
  /** Of the result file's column that it stands in: such a metric has no row of its own in `perf.csv`. */
  column: z.optional(text),
});

export const failureSchema = z.object({
  class: z.enum(failureClasses),
  stage: z.nullable(text),
  message: text,
  /** The line of output that shows it. */
  evidence: z.optional(text),
  /** Nothing but a change of the input could mend it, so it is not tried again. */
  permanent: z.optional(z.boolean()),
  /** The campaign's time was over (`--deadline`), not the job's own. */
  at_deadline: z.optional(z.boolean()),
});

export const checkSchema = z.object({
  /** As the card has it. */
  name: text,
  status: z.enum(['SUCCESS', 'FAILURE']),
  /** What was found. */
  message: text,
  /** The line of output that shows it. */
  evidence: z.optional(text),
});

/** One complete execution among several; all but the first three are absent in older records. */
export const sampleSchema = z.object({
  metrics: z.array(metricSchema),
  /** Of its program of stages. */
  duration_s: seconds,
  status: z.enum(statuses),
  /** It does not count. */
  warmup: z.optional(z.boolean()),
  started_at: z.optional(text),
  exit_code: z.optional(z.nullable(z.number())),
  failure: z.optional(failureSchema),
  gpus: z.optional(z.array(z.number())),
  output: z.optional(z.nullable(z.object({ path: text, bytes: z.number(), scrubbed: z.boolean() }))),
});

export const recordSchema = z.object({
  schema: z.literal(recordSchemaName),
  campaign: text,
  run: text,
  /** Model, arguments and image as one key: the same for each attempt at the job. */
  job: text,
  /** Counts from 1. */
  attempt: z.number(),
  /** Another attempt at the job followed: that one's rows count, and this one has none. */
  retried: z.optional(z.boolean()),
  /** Its program outlived the process that started it, and was followed to its end by a later one (`--resume`). */
  adopted: z.optional(z.boolean()),
  status: z.enum(statuses),
  /** Why it was skipped, or is good without a result. */
  reason: z.nullable(text),
  failure: z.nullable(failureSchema),
  model: z.object({
    name: text,
    args: text,
    tags: z.array(text),
    /** The card as found, with unknown keys. */
    card: z.looseObject({}),
  }),
  image: z.object({
    /** Local image name, `ci-…`. */
    name: text,
    dockerfile: text,
    base: text,
    base_digest: text,
    id: z.nullable(text),
    registry_image: z.nullable(text),
    /** Digest in the registry, `sha256:…`. */
    digest: z.nullable(text),
    build_duration_s: z.nullable(seconds),
  }),
  package: z.nullable(
    z.object({ digest: z.nullable(text), commit: z.nullable(text), dirty: z.nullable(z.boolean()) }),
  ),
  engine: z.nullable(z.object({ kind: text, version: text })),
  /** The program; absent in records before it was kept. */
  madengine: z.optional(programSchema),
  /** The exact command lines of the engine; absent where none was run. */
  commands: z.optional(z.array(commandSchema)),
  /** The machine; absent in records before it was kept. */
  machine: z.optional(machineSchema),
  /** null when the job was never placed. */
  placement: z.nullable(
    z.object({
      host: text,
      target: text,
      gpus: z.array(z.number()),
      /** CPUs near the GPUs that it was limited to because of its neighbours, such as `0-7,64-71`. */
      cpus: z.optional(text),
    }),
  ),
  /** Runs of the same campaign that were on the machine at the same time; absent where that was not allowed. */
  neighbours: z.optional(z.array(z.object({ run: text, job: text, gpus: z.array(z.number()) }))),
  /** How it was spread over processes and nodes; absent where nobody named a launcher or nodes. */
  launch: z.optional(
    z.object({ launcher: text, nnodes: z.number(), node_rank: z.number(), nproc_per_node: z.number() }),
  ),
  gpu: z.nullable(gpuSchema),
  /** The GPUs that the run had, before and after it; absent where it had none. */
  gpu_health: z.optional(z.array(gpuHealthSchema)),
  /** Statistics of the samples of power and memory profilers; absent without them. */
  gpu_usage: z.optional(z.array(gpuUsageSchema)),
  /** What the model ran on, noted once per image and machine; absent where it was not noted. */
  environment: z.optional(
    z.object({
      /** SHA-256 of what lasts of it: system, packages, toolkits, firmware. */
      hash: text,
      mode: z.enum(['lite', 'full']),
      /** Folder with a text for each section, relative to the campaign's folder. */
      path: text,
    }),
  ),
  /** Hash of the host's facts, stored once per campaign. */
  host_facts: z.nullable(text),
  /** Hash of the effective context, stored once per campaign. */
  context: z.nullable(text),
  started_at: text,
  ended_at: text,
  durations: z.object({
    /** From placement to the end of clean-up. */
    total_s: seconds,
    pull_s: z.nullable(seconds),
    /** The program of stages: what `test_duration` shows. */
    stages_s: z.nullable(seconds),
  }),
  exit_code: z.nullable(z.number()),
  stages: z.array(
    z.object({
      name: text,
      title: text,
      exit_code: z.nullable(z.number()),
      duration_s: z.nullable(seconds),
    }),
  ),
  parts: z.array(
    z.object({
      node: text,
      rank: z.number(),
      exit_code: z.nullable(z.number()),
      duration_s: z.nullable(seconds),
    }),
  ),
  /** Every execution, warm-ups too; [] where it was executed once, as the record itself says. */
  samples: z.array(sampleSchema),
  /** Of each metric of the samples that count; absent where it was executed once. */
  statistics: z.optional(z.array(statisticsSchema)),
  metrics: z.array(metricSchema),
  /** The card's checks; absent in records before they existed. */
  checks: z.optional(z.array(checkSchema)),
  /** False for a result that no check of its card stands behind: exit code, error patterns and metric alone. */
  checked: z.optional(z.boolean()),
  /** True for a failure that `--known-failures` names. */
  known: z.optional(z.boolean()),
  /** Why it fails, as that file has it; in a run that did not fail, what it should have failed of. */
  known_reason: z.optional(text),
  /** What the file held that the card's arguments name behind `--config`. */
  configs: z.optional(z.unknown()),
  artifacts: z.array(z.object({ path: text, bytes: z.number(), sha256: text })),
  output: z.nullable(z.object({ path: text, bytes: z.number(), scrubbed: z.boolean() })),
  data: z.nullable(
    z.object({
      /** As the card has them, joined by commas. */
      names: text,
      /** Where the data came from; several, joined by commas, where the names differ in it. */
      provider: text,
      /** Of all names whose size is known. */
      bytes: z.nullable(z.number()),
      download_s: z.nullable(seconds),
      /** One by one; absent in records before they existed. */
      items: z.optional(
        z.array(
          z.object({
            name: text,
            provider: text,
            /** As `data.json` has it. */
            path: text,
            /** Where the run sees it. */
            home: text,
            /** The folder of this machine that keeps it. */
            mirror: z.nullable(text),
            files: z.nullable(z.number()),
            bytes: z.nullable(z.number()),
            /** Of these, taken over from an earlier download. */
            reused_bytes: z.nullable(z.number()),
            download_s: z.nullable(seconds),
          }),
        ),
      ),
    }),
  ),
  git_commit: z.nullable(text),
  build_number: text,
  pipeline: text,
  warnings: z.array(text),
});

export type RunRecord = z.infer<typeof recordSchema>;
export type Sample = z.infer<typeof sampleSchema>;
export type Metric = z.infer<typeof metricSchema>;
export type CheckResult = z.infer<typeof checkSchema>;
export type RunFailure = z.infer<typeof failureSchema>;
export type FailureClass = (typeof failureClasses)[number];
export type RunStatus = (typeof statuses)[number];
