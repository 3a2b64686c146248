/** One job as data: everything that will be done, with names that are bound late; secrets only by reference. */
import type { Context } from '../context/context.ts';
import type { Secret } from '../foundation/secret.ts';
import { gpuOptions, vendorOptions } from '../machine/device/container-options.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import type { ContainerSpec, EngineKind, ExecSpec, Mount } from '../machine/engine/engine.ts';
import { interpreterFor } from '../stage/interpreter.ts';
import { modelStages } from '../stage/model-stages.ts';
import { controlFiles, type StageProgram } from '../stage/stage.ts';
import { splitWords } from '../stage/words.ts';
import { chooseGpus } from './choose-gpus.ts';
import { type ContextLimit, type Job, type RunSettings, timeoutOf } from './job.ts';
import { containerPaths, emptyFolder, type HiddenEntry, hostPaths, type RunPaths } from './run-folder.ts';

export interface JobPlan {
  job: Job;
  timeoutS: number | null;
  gpus: readonly number[];
  /** Folder of the model's scripts, relative to the package. */
  scriptsDir: string;
  modelDir: string;
  paths: RunPaths;
  program: StageProgram;
  container: ContainerSpec;
  exec: Pick<ExecSpec, 'argv' | 'env' | 'secretEnv'>;
}

export interface PlanJobOptions {
  job: Job;
  context: Context;
  settings: RunSettings;
  engine: EngineKind;
  gpus: GpuFacts;
  /** Absolute; where the package's files are on this machine. */
  packageDir: string;
  /** What the run must not see of the package. */
  hidden: readonly HiddenEntry[];
  /** Absolute, or a late-bound name such as `${run_folder}`. */
  runFolder: string;
  containerName: string;
  labels: Readonly<Record<string, string>>;
  /** The script as found in the package. */
  script: { dir: string; file: string; firstLine: string };
  /** Secrets of the card's credential and of the environment, by the name of their variable. */
  secretEnv: Readonly<Record<string, Secret>>;
  buildNumber: string;
  /** Owner of the results, unless that is root already. */
  giveBackTo: { uid: number; gid: number } | undefined;
}

/** Throws DEVICE_UNAVAILABLE when the job asks for GPUs that aren't here, INVALID_FILE for arguments that can't be read. */
export function planJob(options: PlanJobOptions): JobPlan {
  const { job, context, settings, engine } = options;
  const { card } = job;
  const gpus = chooseGpus(card, context, options.gpus);
  const paths = engine === 'host' ? hostPaths(options.runFolder, options.packageDir) : containerPaths;
  const modelDir = modelDirOf(card.url);
  const program: StageProgram = {
    workspace: paths.workspace,
    control: paths.control,
    stages: modelStages({
      card,
      scriptFile: options.script.file,
      modelDir,
      interpreter: interpreterFor(options.script.file, options.script.firstLine),
      context,
      skipModelRun: settings.skipModelRun,
      ...(options.giveBackTo && engine !== 'host' ? { giveBackTo: options.giveBackTo } : {}),
    }),
  };
  return {
    job,
    timeoutS: timeoutOf(card, settings, limitOf(context)),
    gpus,
    scriptsDir: options.script.dir,
    modelDir,
    paths,
    program,
    container: containerSpec(options, gpus, paths),
    exec: {
      argv: ['/bin/sh', `${paths.control}/${controlFiles.program}`],
      env: {},
      secretEnv: options.secretEnv,
    },
  };
}

/** The folder that the run works in: the last part of the repository's address, as the Python tool has it. */
export function modelDirOf(url: string): string {
  const last = url.replace(/\/+$/, '').split('/').pop() ?? '';
  return /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(last) ? last : 'run_directory';
}

function containerSpec(options: PlanJobOptions, gpus: readonly number[], paths: RunPaths): ContainerSpec {
  const { job, context, runFolder } = options;
  const host = hostPaths(runFolder, options.packageDir);
  const cpus = context.values.docker_cpus;
  return {
    name: options.containerName,
    image: '${image}',
    labels: options.labels,
    mounts: [
      { host: host.workspace, container: containerPaths.workspace, readOnly: false },
      { host: host.control, container: containerPaths.control, readOnly: false },
      { host: options.packageDir, container: containerPaths.package, readOnly: true },
      ...options.hidden.map(({ path, kind }) => ({
        host: kind === 'file' ? '/dev/null' : emptyFolder(runFolder),
        container: `${containerPaths.package}/${path}`,
        readOnly: true,
      })),
      ...contextMounts(context),
    ],
    env: runEnvironment(options, gpus),
    workdir: paths.workspace,
    user: 'root',
    options: [
      ...vendorOptions(options.gpus.vendor),
      ...gpuOptions(options.gpus, gpus),
      ...(typeof cpus === 'string' && cpus !== '' ? ['--cpuset-cpus', cpus.replaceAll(' ', '')] : []),
      ...plainWords(job.card.additional_docker_run_options),
    ],
  };
}

/** `docker_mounts` is keyed by the path in the container (v1-formats, 2). */
function contextMounts(context: Context): Mount[] {
  return Object.entries(objectAt(context, 'docker_mounts')).map(([container, host]) => ({
    container,
    host: String(host),
    readOnly: false,
  }));
}

/** The documented variables, then the card's, then the context's: later ones win. */
function runEnvironment(options: PlanJobOptions, gpus: readonly number[]): Record<string, string> {
  const { job, context, gpus: facts } = options;
  const { card } = job;
  const set: Record<string, string> = {
    MAD_MODEL_NAME: card.name,
    JENKINS_BUILD_NUMBER: options.buildNumber,
    MAD_GPU_VENDOR: String(context.values.gpu_vendor ?? facts.vendor),
    MAD_GUEST_OS: String(context.values.guest_os ?? ''),
    MAD_SYSTEM_NGPUS: String(facts.count),
    MAD_RUNTIME_NGPUS: String(gpus.length),
    MAD_SYSTEM_GPU_ARCHITECTURE: facts.architecture,
  };
  if (card.multiple_results !== '') set.MAD_OUTPUT_CSV = card.multiple_results;
  const sources = [
    objectOf(card.extra.env_vars),
    objectAt(context, 'env_vars'),
    objectAt(context, 'docker_env_vars'),
  ];
  for (const source of sources) {
    for (const [name, value] of Object.entries(source)) set[name] = printed(value);
  }
  return set;
}

/** As the Python tool printed it, so that scripts keep reading `True`. */
function printed(value: unknown): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value === null) return 'None';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Engine options as users write them: shell words, but no shell, so a variable stays text. */
function plainWords(text: string): string[] {
  return splitWords(text).map((word) =>
    word.map((piece) => ('text' in piece ? piece.text : `$${piece.variable}`)).join(''),
  );
}

function limitOf(context: Context): ContextLimit {
  const { timeout, timeout_multiplier: multiplier } = context.values;
  return {
    ...(typeof timeout === 'number' ? { timeout } : {}),
    multiplier: typeof multiplier === 'number' && multiplier > 0 ? multiplier : 1,
  };
}

function objectAt(context: Context, key: string): Record<string, unknown> {
  return objectOf(context.values[key]);
}

function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
