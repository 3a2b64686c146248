import { expect, test } from 'vitest';
import { modelTime } from './keep-tool-outputs.ts';

const stage = (name: string, title: string, duration_s: number | null) => ({
  name,
  title,
  exit_code: 0,
  duration_s,
});
const start = stage(
  'pre_script',
  'tool gpu_info_power_profiler: scripts/common/pre_scripts/gpu_info_power_start.sh',
  3,
);

test('a sampling that begins before data and scripts counts from when the model began', () => {
  const stages = [
    start,
    stage('pre_script', 'mine.sh', 2),
    stage('data', 'data', 10),
    stage('run', 'run', 60),
  ];
  expect(modelTime(stages)).toEqual({ fromS: 12, toS: 72 });
});

test('without a sampler, or without a model that ended, everything counts', () => {
  expect(modelTime([stage('run', 'run', 60)])).toBeUndefined();
  expect(modelTime([start, stage('run', 'run', null)])).toBeUndefined();
  expect(modelTime([start])).toBeUndefined();
});
