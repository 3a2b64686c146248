import { join } from 'node:path';
import { toMadError } from '../../foundation/error.ts';
import { readGpuUsage, type SampledTime } from '../../record/gpu-usage.ts';
import type { SeenStage } from '../../record/judge.ts';
import type { RunRecord } from '../../record/record-schema.ts';
import type { JobPlan } from '../plan-job.ts';
import { hostPaths } from '../run-folder.ts';
import { type Progress, type RunServices, roundedSeconds } from '../run-services.ts';
import { collectToolOutputs, nameOutputs } from './collect-tool-outputs.ts';

interface FinishedRun {
  plan: JobPlan;
  executed: { stages: readonly SeenStage[] };
  startedAt: Date;
  runFolder: string;
  services: RunServices;
}

/**
 * What the run's tools left, as artifacts, under their names beside `perf.csv`, and samples of GPUs as statistics. Also
 * where the model failed; what can't be kept is a warning of the record.
 */
export async function keepToolOutputs(options: FinishedRun, progress: Progress): Promise<void> {
  const { plan, executed, runFolder, services, startedAt } = options;
  const { clock, emit, settings, resultsRoot } = services;
  const started = clock.monotonic();
  emit({ type: 'stage.started', stage: 'collect' });
  const found = await collectToolOutputs({
    patterns: plan.tools?.outputs ?? [],
    workspace: hostPaths(runFolder, services.packageDir).workspace,
    modelDir: plan.modelDir,
    runFolder,
    notBefore: startedAt,
    scrubber: services.scrubber,
    taken: new Set(progress.artifacts.map(({ path }) => path)),
    keepOriginals: settings.keepAlive || settings.keepModelDir,
  });
  progress.artifacts = [...progress.artifacts, ...found.artifacts];
  progress.warnings.push(...found.warnings);
  const usage = await usageIn(found.artifacts, runFolder, modelTime(executed.stages));
  if (usage.length > 0) progress.gpu_usage = usage;
  try {
    for (const path of await nameOutputs(found.names, runFolder, resultsRoot))
      emit({ type: 'file.written', kind: 'tool output', path });
  } catch (thrown) {
    const message = `a tool's output could not be put beside perf.csv: ${toMadError(thrown).message}`;
    const hint = `All of them are in ${join(runFolder, 'artifacts')}.`;
    emit({ type: 'notice', level: 'warning', code: 'OUTPUT_NOT_NAMED', message, hint });
  }
  const exitCode = found.warnings.length === 0 ? 0 : 1;
  const duration = roundedSeconds(clock.monotonic() - started);
  progress.stages = [
    ...progress.stages,
    { name: 'collect', title: 'outputs of tools', exit_code: exitCode, duration_s: duration },
  ];
  emit({ type: 'stage.ended', stage: 'collect', exit_code: exitCode, duration_s: duration });
}

/**
 * A sampler begins with its pre-script; other scripts and the data come before the model, in which GPUs are idle. undefined
 * where no script began one, or the model didn't come to its end.
 */
export function modelTime(stages: readonly SeenStage[]): SampledTime | undefined {
  const begun = stages.findIndex(({ title }) => /^tool .*gpu_info_\w+_start\.sh$/.test(title));
  const run = stages.findIndex(({ name }) => name === 'run');
  const length = stages[run]?.duration_s;
  if (begun < 0 || run < begun || typeof length !== 'number') return undefined;
  const fromS = stages.slice(begun + 1, run).reduce((sum, stage) => sum + (stage.duration_s ?? 0), 0);
  return { fromS, toS: fromS + length };
}

/** A model may have written anything there, which is no reason to fail. */
async function usageIn(
  artifacts: RunRecord['artifacts'],
  runFolder: string,
  model: SampledTime | undefined,
): Promise<NonNullable<RunRecord['gpu_usage']>> {
  const usage: NonNullable<RunRecord['gpu_usage']> = [];
  for (const { path } of artifacts) {
    if (/^artifacts\/[^/]+_output\.csv$/.test(path))
      usage.push(...(await readGpuUsage(join(runFolder, path), model).catch(() => [])));
  }
  return usage;
}
