/** One attempt at one job on this machine, from the first look at its script to its record. */
import { join } from 'node:path';
import type { Context } from '../context/context.ts';
import type { Clock } from '../foundation/clock.ts';
import { type ErrorCode, toMadError } from '../foundation/error.ts';
import type { Emit } from '../foundation/event.ts';
import { newId, shortId } from '../foundation/id.ts';
import type { Scrubber, Secret } from '../foundation/secret.ts';
import { runLogName } from '../image/name.ts';
import { ensureImage } from '../image/pull.ts';
import { loginFor } from '../image/registry-login.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import type { Engine, EngineCapabilities } from '../machine/engine/engine.ts';
import type { Credentials } from '../package/credential-file.ts';
import type { PackageSnapshot } from '../package/snapshot-schema.ts';
import type { CampaignFolder } from '../record/campaign-folder.ts';
import { errorPatterns } from '../record/error-pattern.ts';
import { finishRun } from '../record/finish-run.ts';
import { judge } from '../record/judge.ts';
import type { PerfWriter } from '../record/perf-writer.ts';
import type { RecordDraft } from '../record/record-draft.ts';
import type { FailureClass, RunFailure, RunRecord } from '../record/record-schema.ts';
import { controlFiles } from '../stage/stage.ts';
import { type Collected, metricOfOutput, metricsOfFile } from './collect-results.ts';
import { draftRecord, emptyOutcome } from './draft-record.ts';
import { type Executed, executeProgram } from './execute-program.ts';
import { finishLog, linkOrCopy } from './final-log.ts';
import type { Job, RunSettings } from './job.ts';
import { planForJob } from './plan-for-job.ts';
import type { JobPlan } from './plan-job.ts';
import { hostPaths, prepareRunFolder, removeFolders } from './run-folder.ts';
import type { Skip } from './skip-reason.ts';

/** What all jobs of a campaign share on this machine. */
export interface RunServices {
  engine: Engine;
  capabilities: EngineCapabilities;
  clock: Clock;
  emit: Emit;
  signal: AbortSignal;
  scrubber: Scrubber;
  campaign: CampaignFolder;
  /** Folder for registry logins and other secrets, mode 700; gone when the campaign ends. */
  secretsDir: string;
  writer: PerfWriter;
  resultsRoot: string;
  /** Absolute: the package's files on this machine. */
  packageDir: string;
  /** Those of its files that a run must not see. */
  hiddenFiles: readonly string[];
  package: PackageSnapshot | undefined;
  context: Context;
  credentials: Credentials;
  /** `MAD_SECRETS*` of the environment. */
  envSecrets: readonly Secret[];
  settings: RunSettings;
  gpus: GpuFacts;
  host: string;
  hostFacts: string | null;
  contextHash: string | null;
  /** Registry of option or manifest. */
  registry: string | undefined;
  buildNumber: string;
  pipeline: string;
  giveBackTo: { uid: number; gid: number } | undefined;
}

/** What a step left for the record. */
type Progress = Pick<
  RunRecord,
  'durations' | 'image' | 'stages' | 'metrics' | 'artifacts' | 'output' | 'exit_code'
> & {
  gpus: readonly number[];
  warnings: string[];
};

/** Never throws for what goes wrong with the job: that is in the record, which is final and on disk when this returns. */
export async function runJob(
  job: Job,
  services: RunServices,
  place: { skip: Skip | undefined; position: number; total: number },
): Promise<RunRecord> {
  const { clock, campaign } = services;
  const runId = newId();
  const emit = services.emit.within({ run: runId, attempt: 1 });
  const draft = draftRecord({
    campaign: campaign.id,
    run: runId,
    job,
    attempt: 1,
    startedAt: clock.now(),
    package: services.package,
    host: services.host,
    hostFacts: services.hostFacts,
    context: services.contextHash,
    buildNumber: services.buildNumber,
    pipeline: services.pipeline,
  });
  draft.engine = { kind: services.capabilities.kind, version: services.capabilities.version };
  draft.gpu = {
    vendor: services.gpus.vendor,
    architecture: services.gpus.architecture,
    count: services.gpus.count,
  };
  await campaign.journal.append({ act: 'run.started', run: runId, draft });
  emit({
    type: 'run.started',
    model: job.card.name,
    image: job.imageName,
    position: place.position,
    total: place.total,
  });

  const started = clock.monotonic();
  const record: RunRecord = place.skip
    ? { ...draft, ...emptyOutcome(clock.now()), status: 'SKIPPED', reason: place.skip.reason }
    : await attempt(job, draft, { ...services, emit });
  record.ended_at = clock.now().toISOString();
  record.durations.total_s = round(clock.monotonic() - started);
  await finish(record, services, emit);
  return record;
}

/** The record, then its rows; a job that was never placed comes here directly. Throws when they can't be written. */
export async function finish(
  record: RunRecord,
  services: Pick<RunServices, 'campaign' | 'scrubber' | 'writer'>,
  emit: Emit,
): Promise<void> {
  const clean = services.scrubber.scrubData(record);
  const { record: file, tornSaved } = await finishRun(services.campaign, services.writer, clean);
  if (tornSaved !== undefined) {
    const message = `perf.csv ended in half a row, which was taken out and kept in ${tornSaved}`;
    emit({ type: 'notice', level: 'warning', code: 'TORN_ROW', message });
  }
  const shown = clean.metrics.length === 1 ? clean.metrics[0] : undefined;
  const several = clean.metrics.length > 1 ? `${clean.metrics.length} results` : null;
  emit({
    type: 'run.ended',
    model: clean.model.name,
    image: clean.image.name,
    status: clean.status,
    performance: shown?.text ?? several,
    metric: shown?.name ?? null,
    duration_s: clean.durations.total_s,
    record: file,
    ...(clean.reason === null ? {} : { reason: clean.reason }),
    ...(clean.failure === null ? {} : { failure: clean.failure }),
  });
}

async function attempt(job: Job, draft: RecordDraft, services: RunServices): Promise<RunRecord> {
  const runFolder = await services.campaign.runFolder(draft.run);
  const blank = emptyOutcome(services.clock.now());
  const progress: Progress = {
    durations: { ...blank.durations },
    image: { ...draft.image },
    stages: [],
    metrics: [],
    artifacts: [],
    output: null,
    exit_code: null,
    gpus: [],
    warnings: [],
  };
  let verdict: Pick<RunRecord, 'status' | 'failure' | 'reason'>;
  try {
    verdict = await steps(job, draft, runFolder, services, progress);
  } catch (thrown) {
    verdict = { status: 'FAILURE', failure: failureOf(thrown, services.signal), reason: null };
  }
  const { gpus, ...parts } = progress;
  return {
    ...draft,
    ...blank,
    ...parts,
    ...verdict,
    placement: { host: services.host, target: 'local', gpus: [...gpus] },
  };
}

async function steps(
  job: Job,
  draft: RecordDraft,
  runFolder: string,
  services: RunServices,
  progress: Progress,
): Promise<Pick<RunRecord, 'status' | 'failure' | 'reason'>> {
  const { engine, clock, settings } = services;
  const plan = await planFor(job, draft.run, runFolder, services);
  progress.gpus = plan.gpus;
  const [image] = await Promise.all([
    pullImage(job, services, progress),
    makeRunFolder(draft.run, plan, runFolder, services),
  ]);
  if ('failure' in image) return { status: 'FAILURE', failure: image.failure, reason: null };
  const startedAt = clock.now();
  const executed = await executeProgram({
    plan,
    image: image.reference,
    engine,
    runFolder,
    errors: errorPatterns(job.card, services.context.values),
    scrubber: services.scrubber,
    liveOutput: settings.liveOutput,
    keepAlive: settings.keepAlive,
    giveBackTo: services.giveBackTo,
    intend: () => intendContainer(draft.run, plan.container.name, services),
    emit: services.emit,
    clock,
    signal: services.signal,
  });
  return settle(job, plan, executed, startedAt, runFolder, services, progress);
}

async function makeRunFolder(
  run: string,
  plan: JobPlan,
  runFolder: string,
  { campaign, settings, packageDir }: RunServices,
): Promise<void> {
  const { workspace, control } = hostPaths(runFolder, packageDir);
  for (const path of settings.keepAlive || settings.keepModelDir ? [] : [workspace, control]) {
    await campaign.journal.append({ act: 'work.dir', run, path });
  }
  await prepareRunFolder({
    runFolder,
    packageDir,
    scriptsDir: plan.scriptsDir,
    modelDir: plan.modelDir,
    packageAsSeen: plan.paths.package,
  });
}

async function intendContainer(run: string, name: string, services: RunServices): Promise<void> {
  const { journal } = services.campaign;
  await journal.append({ act: 'container.create', run, name, engine: services.engine.kind });
  if (services.settings.keepAlive) await journal.append({ act: 'container.keep', run, name });
}

/** The plan of a job that is about to run. */
function planFor(job: Job, runId: string, runFolder: string, services: RunServices): Promise<JobPlan> {
  return planForJob(job, {
    context: services.context,
    settings: services.settings,
    engine: services.engine.kind,
    gpus: services.gpus,
    packageDir: services.packageDir,
    hiddenFiles: services.hiddenFiles,
    runFolder,
    containerName: containerNameOf(job, runId),
    labels: labelsOf(services, runId),
    credentials: services.credentials,
    envSecrets: services.envSecrets,
    buildNumber: services.buildNumber,
    giveBackTo: services.giveBackTo,
  });
}

/** The reference's name, and the run's id behind it: two runs of one package don't get in each other's way. */
function containerNameOf(job: Job, runId: string): string {
  const plain = job.imageName.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 180);
  return `container_${plain}_${shortId(runId)}`;
}

function labelsOf(
  services: Pick<RunServices, 'campaign' | 'host' | 'resultsRoot' | 'settings'>,
  run: string,
): Record<string, string> {
  return {
    'madengine.campaign': services.campaign.id,
    'madengine.run': run,
    'madengine.host': services.host,
    'madengine.results_root': services.resultsRoot,
    ...(services.settings.keepAlive ? { 'madengine.keep': 'true' } : {}),
  };
}

async function pullImage(
  job: Job,
  services: RunServices,
  progress: Progress,
): Promise<{ reference: string } | { failure: RunFailure }> {
  if (services.engine.kind === 'host') return { reference: '' };
  const { image } = job;
  const registry = services.registry ?? image.registry;
  const login = loginFor(registry ?? '', services.credentials);
  const pulled = await ensureImage({
    engine: services.engine,
    image: image.docker_image,
    ...(image.registry_image ? { registryImage: image.registry_image } : {}),
    ...(image.registry_digest ? { digest: image.registry_digest } : {}),
    ...(image.image_id ? { imageId: image.image_id } : {}),
    localImage: image.local_image ?? false,
    ...(login && image.registry_image ? { login } : {}),
    configDir: join(services.secretsDir, 'registry'),
    emit: services.emit,
    clock: services.clock,
    signal: services.signal,
  });
  progress.durations.pull_s = round(pulled.durationS);
  if (pulled.status === 'FAILURE') {
    return {
      failure: pulled.failure ?? { class: 'pull', stage: 'pull', message: 'the image could not be had' },
    };
  }
  progress.image.id = pulled.imageId;
  progress.image.digest = pulled.digest ?? progress.image.digest;
  return { reference: pulled.reference };
}

async function settle(
  job: Job,
  plan: JobPlan,
  executed: Executed,
  startedAt: Date,
  runFolder: string,
  services: RunServices,
  progress: Progress,
): Promise<Pick<RunRecord, 'status' | 'failure' | 'reason'>> {
  progress.durations.stages_s = round(executed.durationS);
  progress.exit_code = executed.end.kind === 'exited' ? executed.end.exitCode : null;
  progress.stages = executed.stages;
  const { workspace, control } = hostPaths(runFolder, services.packageDir);
  const collected: Collected =
    job.card.multiple_results === ''
      ? metricOfOutput(executed.scan)
      : await metricsOfFile({
          file: job.card.multiple_results,
          workspace,
          modelDir: plan.modelDir,
          runFolder,
          notBefore: startedAt,
        });
  progress.output = await keepLog(job, join(control, controlFiles.output), runFolder, services, progress);
  // Removing a container takes a while, so the results are put away meanwhile.
  const unkillable = await executed.ended;
  if (unkillable !== undefined) progress.warnings.push(`unkillable: ${unkillable}`);
  await cleanFolders(runFolder, services, unkillable === undefined);
  progress.metrics = collected.metrics;
  progress.artifacts = collected.artifacts;
  return judge({
    end: executed.end,
    stages: executed.stages,
    error: executed.scan.firstError,
    metrics: collected.metrics,
    metricProblem: collected.problem,
    outOfMemory: false,
    skippedRun: services.settings.skipModelRun,
  });
}

/** null when the run itself did away with its output; what was found in it until then counts. */
async function keepLog(
  job: Job,
  from: string,
  runFolder: string,
  services: RunServices,
  progress: Progress,
): Promise<RunRecord['output']> {
  const log = join(runFolder, 'output.log');
  try {
    const { bytes, scrubbed } = await finishLog({ from, to: log, scrubber: services.scrubber });
    const named = join(services.resultsRoot, runLogName(job.card, job.image.dockerfile));
    await linkOrCopy(log, named);
    services.emit({ type: 'file.written', kind: 'run log', path: named });
    return { path: 'output.log', bytes, scrubbed };
  } catch (thrown) {
    const error = toMadError(thrown);
    if (error.code !== 'FILE_NOT_FOUND') throw error;
    progress.warnings.push(`the run removed its own output: ${error.message}`);
    return null;
  }
}

/** A kept container still works in these folders. */
async function cleanFolders(runFolder: string, services: RunServices, isGone: boolean): Promise<void> {
  const { settings } = services;
  const { workspace, control } = hostPaths(runFolder, services.packageDir);
  const isKept = settings.keepAlive || settings.keepModelDir || !isGone;
  if (isKept) services.emit({ type: 'file.written', kind: 'model folder', path: workspace });
  const gone = [...(isKept ? [] : [workspace]), ...(settings.keepAlive || !isGone ? [] : [control])];
  await removeFolders(gone).catch((error: Error) => {
    services.emit({
      type: 'notice',
      level: 'warning',
      code: 'WORKSPACE_LEFT',
      message: `a folder of the run could not be removed: ${error.message}`,
      hint: 'Remove it by hand; files of root in it need root.',
    });
  });
}

const classOfCode: Partial<Record<ErrorCode, FailureClass>> = {
  DEVICE_UNAVAILABLE: 'device',
  PULL_FAILED: 'pull',
  LOGIN_FAILED: 'pull',
  ENGINE_UNAVAILABLE: 'engine',
  ENGINE_FAILED: 'engine',
  COMMAND_NOT_FOUND: 'engine',
  DISK_FULL: 'disk_full',
};

function failureOf(thrown: unknown, signal: AbortSignal): RunFailure {
  if (signal.aborted)
    return { class: 'interrupted', stage: null, message: `ended by ${String(signal.reason)}` };
  const error = toMadError(thrown);
  return { class: classOfCode[error.code] ?? 'setup', stage: null, message: error.message };
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
