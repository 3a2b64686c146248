/** One job as data: everything that will be done, with names that are bound late; secrets only by reference. */
import type { Context } from '../context/context.ts';
import type { Scrubber, Secret } from '../foundation/secret.ts';
import { gpuOptions, vendorOptions, withCardsOptions } from '../machine/device/container-options.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import type { ContainerSpec, EngineKind, ExecSpec, Mount } from '../machine/engine/engine.ts';
import type { CaptureStageOptions } from '../stage/environment-stage.ts';
import { interpreterFor } from '../stage/interpreter.ts';
import { modelStages } from '../stage/model-stages.ts';
import { controlFiles, type StageProgram } from '../stage/stage.ts';
import type { ToolChain } from '../stage/tool-chain.ts';
import { splitWords } from '../stage/words.ts';
import { modelDirOf } from './clone/clone-address.ts';
import { refuseContainerWishes } from './container-wishes.ts';
import type { RunData } from './data/data-use.ts';
import { captureMode } from './environment/capture-mode.ts';
import { withRenderNodes } from './gpu/choose-gpus.ts';
import { numberListText, parseNumberList } from './gpu/number-list.ts';
import { type ContextLimit, type Job, type RunSettings, timeoutOf } from './job.ts';
import type { LaunchPlan } from './launch/launch-plan.ts';
import { objectOf, runEnvironment } from './run-environment.ts';
import {
  containerPaths,
  emptyFolder,
  type HiddenEntry,
  hostPaths,
  pathsSeen,
  type RunPaths,
} from './run-folder.ts';
import { splitSecrets } from './secret-environment.ts';
import { userAsked } from './user-asked.ts';

export interface JobPlan {
  job: Job;
  timeoutS: number | null;
  gpus: readonly number[];
  /** Folder of the model's scripts, relative to the package. */
  scriptsDir: string;
  modelDir: string;
  paths: RunPaths;
  launch: LaunchPlan;
  program: StageProgram;
  /** Where the run sees data that goes when it is over. */
  passingData: readonly string[];
  tools?: ToolChain;
  container: ContainerSpec;
  /** Whom the card's options make the container's user; absent where that is root. */
  user?: string;
  exec: Pick<ExecSpec, 'argv' | 'env' | 'secretEnv'>;
}

export interface PlanJobOptions {
  job: Job;
  context: Context;
  settings: RunSettings;
  engine: EngineKind;
  gpus: GpuFacts;
  /** Indices of those that the job gets. */
  chosen: readonly number[];
  launch: LaunchPlan;
  /** `--cpuset-cpus` of a container, where card and context say nothing of it. */
  cpus?: string;
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
  /** Knows every secret. */
  scrubber: Scrubber;
  buildNumber: string;
  /** What the context's `tools` ask for. */
  tools?: ToolChain;
  /** Owner of the results, unless that is root already. */
  giveBackTo: { uid: number; gid: number } | undefined;
  /** What the card's `data` became. */
  data?: RunData | undefined;
}

/** Throws INVALID_FILE for arguments that can't be read, INVALID_ARGUMENT for what only a container has, where there is none. */
export function planJob(options: PlanJobOptions): JobPlan {
  const { job, context, settings, engine } = options;
  const { card } = job;
  if (engine === 'host') refuseContainerWishes(card, context);
  const facts = withRenderNodes(options.gpus, context);
  const gpus = options.chosen;
  const user = engine === 'host' ? undefined : userAsked(plainWords(card.additional_docker_run_options));
  const paths = pathsSeen(engine, options.runFolder, options.packageDir);
  const modelDir = modelDirOf(card.url);
  const variables = splitSecrets(environmentOf({ ...options, gpus: facts }), options.scrubber);
  const secretEnv = { ...variables.secret, ...options.secretEnv };
  const program: StageProgram = {
    workspace: paths.workspace,
    control: paths.control,
    stages: modelStages({
      card,
      scriptFile: options.script.file,
      modelDir,
      interpreter: interpreterFor(options.script.file, options.script.firstLine),
      context,
      ...(options.tools ? { tools: options.tools } : {}),
      skipModelRun: settings.skipModelRun,
      keepAlive: settings.keepAlive,
      dataStages: options.data?.stages ?? [],
      lastStages: options.data?.lastStages ?? [],
      ...captureOf({ ...options, secretEnv }),
      // Nobody but root can.
      ...(options.giveBackTo && engine !== 'host' && user === undefined
        ? { giveBackTo: options.giveBackTo }
        : {}),
    }),
  };
  return {
    job,
    timeoutS: timeoutOf(card, settings, limitOf(context)),
    gpus,
    scriptsDir: options.script.dir,
    modelDir,
    paths,
    launch: options.launch,
    program,
    passingData: options.data?.passing ?? [],
    ...(options.tools ? { tools: options.tools } : {}),
    container: containerSpec({ ...options, gpus: facts }, variables.plain, paths),
    ...(user === undefined ? {} : { user }),
    exec: {
      argv: ['/bin/sh', `${paths.control}/${controlFiles.program}`],
      env: {},
      secretEnv,
    },
  };
}

function captureOf({ context, settings, secretEnv }: PlanJobOptions): { capture?: CaptureStageOptions } {
  const mode = captureMode(context, settings);
  return mode ? { capture: { mode, secretNames: Object.keys(secretEnv) } } : {};
}

const environmentOf = (options: PlanJobOptions): Record<string, string> =>
  runEnvironment({
    card: options.job.card,
    context: options.context,
    gpus: options.gpus,
    used: options.chosen,
    engine: options.engine,
    buildNumber: options.buildNumber,
    data: options.data?.env ?? {},
    launch: options.launch.env,
    ...(options.tools ? { tools: options.tools.env } : {}),
  });

function containerSpec(
  options: PlanJobOptions,
  env: Readonly<Record<string, string>>,
  paths: RunPaths,
): ContainerSpec {
  const { job, context, engine, runFolder, gpus: facts, chosen, data } = options;
  const { card } = job;
  const host = hostPaths(runFolder, options.packageDir);
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
      ...(data?.mounts ?? []),
      ...contextMounts(context),
    ],
    env,
    workdir: paths.workspace,
    user: 'root',
    options: withCardsOptions(
      [
        ...vendorOptions(facts.vendor),
        ...(engine === 'host' ? [] : gpuOptions(facts, chosen, engine)),
        ...cpuOptions(options),
      ],
      plainWords(card.additional_docker_run_options),
    ),
  };
}

function cpuOptions({ context, cpus }: PlanJobOptions): string[] {
  const text = context.values.docker_cpus;
  if (typeof text === 'string' && text.trim() !== '')
    return ['--cpuset-cpus', numberListText(parseNumberList(text, 'docker_cpus'))];
  return cpus === undefined ? [] : ['--cpuset-cpus', cpus];
}

/** `docker_mounts` is keyed by the path in the container (v1-formats, 2). */
function contextMounts(context: Context): Mount[] {
  return Object.entries(objectAt(context, 'docker_mounts')).map(([container, host]) => ({
    container,
    host: String(host),
    readOnly: false,
  }));
}

/** Engine options as users write them: shell words, but no shell, so a variable stays text. */
function plainWords(text: string): string[] {
  return splitWords(text).map((word) =>
    word.map((piece) => ('text' in piece ? piece.text : `$${piece.variable}`)).join(''),
  );
}

export function limitOf(context: Context): ContextLimit {
  const { timeout, timeout_multiplier: multiplier } = context.values;
  return {
    ...(typeof timeout === 'number' ? { timeout } : {}),
    multiplier: typeof multiplier === 'number' && multiplier > 0 ? multiplier : 1,
  };
}

function objectAt(context: Context, key: string): Record<string, unknown> {
  return objectOf(context.values[key]);
}
