import type { RunRecord } from '../record/record-schema.ts';

/** What a step left for the record. */
export type Progress = Pick<
  RunRecord,
  | 'adopted'
  | 'durations'
  | 'image'
  | 'stages'
  | 'metrics'
  | 'checks'
  | 'checked'
  | 'configs'
  | 'artifacts'
  | 'output'
  | 'exit_code'
  | 'git_commit'
  | 'gpu_health'
  | 'data'
  | 'gpu_usage'
  | 'launch'
  | 'environment'
  | 'commands'
> & {
  gpus: readonly number[];
  warnings: string[];
};
