/** What comes after the program of a run: results collected, the log kept, folders removed, the verdict. */
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { toMadError } from '../../foundation/error.ts';
import { runLogName } from '../../image/name.ts';
import { judge, type Observations } from '../../record/judge.ts';
import type { CheckResult, RunRecord } from '../../record/record-schema.ts';
import { controlFiles } from '../../stage/stage.ts';
import type { Executed } from '../execute-program.ts';
import type { Job } from '../job.ts';
import { keptContainer } from '../kept-container.ts';
import type { JobPlan } from '../plan-job.ts';
import { emptyFolder, hostPaths, removeFolders } from '../run-folder.ts';
import { type Progress, type RunServices, roundedSeconds, type Verdict } from '../run-services.ts';
import { type Collected, metricOfOutput, metricsOfFile } from './collect-results.ts';
import { finishLog, linkOrCopy } from './final-log.ts';
import { addLastLine } from './last-line.ts';
import { applyRules, type ResultRules } from './result-rules.ts';

export interface PutAwayOptions {
  job: Job;
  plan: JobPlan;
  /** The card's `metrics` and `checks`. */
  rules: ResultRules | undefined;
  executed: Executed;
  /** When the program started; an older result file isn't the run's. */
  startedAt: Date;
  runFolder: string;
  services: RunServices;
  /** Takes what was noted of the run's environment; while its container is being removed. */
  seen(executed: Executed): Promise<void>;
}

export async function putAway(options: PutAwayOptions, progress: Progress): Promise<Verdict> {
  try {
    return await resultsOf(options, progress);
  } finally {
    // Also where something could not be put away: no container goes on behind the run's record.
    await options.executed.isGone;
  }
}

async function resultsOf(options: PutAwayOptions, progress: Progress): Promise<Verdict> {
  const { executed, plan, runFolder, services } = options;
  // Those that it got in the end may be fewer than those that were there when it was planned.
  if (options.plan.launch.record) progress.launch = options.plan.launch.record;
  progress.durations.stages_s = roundedSeconds(executed.durationS);
  progress.exit_code = executed.end.kind === 'exited' ? executed.end.exitCode : null;
  progress.stages = [...progress.stages, ...executed.stages];
  const isWorker = isWorkerNode(options.plan);
  const fullDisk = await diskOf(options);
  const { checks, ...collected } = await ruled(await collect(options), isWorker, options);
  progress.metrics = collected.metrics;
  progress.artifacts = collected.artifacts;
  if (collected.artifacts.length > 0) await nameResults(options, collected.artifacts);
  if (checks) progress.checks = checks;
  const log = await keepLog(options, progress);
  await options.seen(executed);
  // Removing a container takes a while, so the results are put away meanwhile.
  await executed.isGone;
  const { emit, engine, settings } = services;
  if (settings.keepAlive && engine.kind !== 'host') emit(keptContainer(plan, engine.kind, executed.end.kind));
  // What a process that outlived its program went on writing was not looked at for secrets.
  if (log && !log.scrubbed && !services.settings.keepAlive)
    await truncate(join(runFolder, log.path), log.bytes);
  progress.output = log;
  if (plan.tools) {
    const { keepToolOutputs } = await import('./keep-tool-outputs.ts');
    await keepToolOutputs(options, progress);
  }
  const verdict = judge({
    end: executed.end,
    stages: executed.stages,
    error: executed.scan.firstError,
    metrics: collected.metrics,
    metricProblem: collected.problem,
    ...(checks ? { checks } : {}),
    outOfMemory: executed.outOfMemory,
    isWorker,
    ...(fullDisk ? { fullDisk } : {}),
    skippedRun: services.settings.skipModelRun,
  });
  if (verdict.failure) addLastLine(verdict.failure, executed.tail);
  if (verdict.status === 'SUCCESS') progress.checked = (checks?.length ?? 0) > 0;
  return verdict;
}

/** The model's own environment says whether this node has the results. */
const isWorkerNode = ({ container }: JobPlan): boolean =>
  /^(?:false|0|no|off)$/i.test(container.env.MAD_COLLECT_METRICS?.trim() ?? '');

/** Looked at only where something went wrong, and before anything of the run is removed. */
async function diskOf({ executed, runFolder, services }: PutAwayOptions): Promise<Observations['fullDisk']> {
  const { end, scan } = executed;
  if (scan.fullDiskLine !== undefined) return { message: 'a disk is full', evidence: scan.fullDiskLine };
  if (end.kind === 'exited' && end.exitCode === 0 && scan.metric) return undefined;
  const { isFull } = await import('../full-disk.ts');
  return (await isFull(runFolder)) ? { message: `the disk of ${services.resultsRoot} is full` } : undefined;
}

async function ruled(
  collected: Collected,
  isWorker: boolean,
  { rules, plan, runFolder, services, startedAt }: PutAwayOptions,
): Promise<Collected & { checks?: CheckResult[] }> {
  // Rules are for results: a node that has none is judged by its exit code and its errors.
  if (!rules || services.settings.skipModelRun || (isWorker && collected.metrics.length === 0))
    return collected;
  const { workspace } = hostPaths(runFolder, services.packageDir);
  return applyRules(collected, rules, {
    folders: [join(workspace, plan.modelDir), workspace],
    notBefore: startedAt,
  });
}

async function collect(options: PutAwayOptions): Promise<Collected> {
  const { job, plan, executed, startedAt, runFolder, services } = options;
  if (job.card.multiple_results === '') return metricOfOutput(executed.scan);
  return metricsOfFile({
    file: job.card.multiple_results,
    workspace: hostPaths(runFolder, services.packageDir).workspace,
    modelDir: plan.modelDir,
    workspaceAsSeen: plan.paths.workspace,
    ...(plan.container.env.MAD_OUTPUT_CSV ? { outputCsv: plan.container.env.MAD_OUTPUT_CSV } : {}),
    runFolder,
    notBefore: startedAt,
    scrubber: services.scrubber,
  });
}

/** What can't be put there is no reason to fail: the artifact is kept. */
async function nameResults(
  { job, runFolder, services }: PutAwayOptions,
  [artifact]: RunRecord['artifacts'],
): Promise<void> {
  const { campaign, emit } = services;
  const file = job.card.multiple_results;
  const kept = join(runFolder, artifact?.path ?? '');
  const tell = (message: string): void =>
    emit({
      type: 'notice',
      level: 'warning',
      code: 'OUTPUT_NOT_NAMED',
      message,
      hint: `The run's own is ${kept}.`,
    });
  try {
    const { nameResultFile } = await import('./name-result-file.ts');
    const path = await nameResultFile(file, kept, campaign);
    if (path === 'not ours') tell(`${file} beside perf.csv stays as it is: madengine did not write it`);
    else if (path !== undefined) emit({ type: 'file.written', kind: 'result file', path });
  } catch (thrown) {
    tell(`${file} could not be put beside perf.csv: ${toMadError(thrown).message}`);
  }
}

export const logIn = (runFolder: string): string => join(runFolder, 'output.log');

/** null when the run itself did away with its output; what was found in it until then counts. */
async function keepLog(
  { job, runFolder, services }: PutAwayOptions,
  progress: Progress,
): Promise<RunRecord['output']> {
  const from = join(hostPaths(runFolder, services.packageDir).control, controlFiles.output);
  const log = logIn(runFolder);
  try {
    const { bytes, scrubbed } = await finishLog({ from, to: log, scrubber: services.scrubber });
    await nameLog(log, job, services);
    return { path: 'output.log', bytes, scrubbed };
  } catch (thrown) {
    const error = toMadError(thrown);
    if (error.code !== 'FILE_NOT_FOUND') throw error;
    progress.warnings.push(`the run removed its own output: ${error.message}`);
    return null;
  }
}

/** The log under the reference's name beside `perf.csv`; the run's own folder has it in any case. */
async function nameLog(log: string, job: Job, { resultsRoot, emit }: RunServices): Promise<void> {
  const named = join(resultsRoot, runLogName(job.card, job.image.dockerfile, job.image.docker_image));
  try {
    await linkOrCopy(log, named);
    emit({ type: 'file.written', kind: 'run log', path: named });
  } catch (error) {
    const message = `${named} could not be written: ${(error as Error).message}`;
    emit({ type: 'notice', level: 'warning', code: 'LOG_NOT_NAMED', message, hint: `The log is ${log}.` });
  }
}

/** Not where a container that was kept, or could not be ended, still works in them. */
export async function cleanFolders(runFolder: string, services: RunServices, isGone: boolean): Promise<void> {
  const { settings, emit } = services;
  const { workspace, control } = hostPaths(runFolder, services.packageDir);
  const isKept = settings.keepAlive || settings.keepModelDir || !isGone;
  if (isKept) emit({ type: 'file.written', kind: 'model folder', path: workspace });
  const gone = [
    ...(isKept ? [] : [workspace]),
    ...(settings.keepAlive || !isGone ? [] : [control, emptyFolder(runFolder), join(runFolder, 'data')]),
  ];
  await removeFolders(gone).catch((error: NodeJS.ErrnoException) => {
    emit({
      type: 'notice',
      level: 'warning',
      code: 'WORKSPACE_LEFT',
      message: `not all of ${runFolder} could be removed: ${error.code ?? error.message}`,
      hint: 'Remove its folders by hand (rm -rf); files of root in them need root.',
    });
  });
}
