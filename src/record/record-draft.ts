import * as z from 'zod/mini';
import { type RunRecord, recordSchema } from './record-schema.ts';

/** What only the run itself can say. */
const outcome = {
  status: true,
  reason: true,
  failure: true,
  ended_at: true,
  durations: true,
  exit_code: true,
  stages: true,
  parts: true,
  samples: true,
  statistics: true,
  metrics: true,
  checks: true,
  checked: true,
  configs: true,
  known: true,
  known_reason: true,
  artifacts: true,
  output: true,
  gpu_health: true,
  environment: true,
  commands: true,
  retried: true,
  adopted: true,
  neighbours: true,
} as const;

/** Everything known of a run before it starts: a record lacks only its outcome. */
export const recordDraftSchema = z.omit(recordSchema, outcome);

export type RecordDraft = Omit<RunRecord, keyof typeof outcome>;
