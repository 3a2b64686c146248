import type { Clock } from '../foundation/clock.ts';
import type { ExitCode } from '../foundation/error.ts';
import type { EventStream } from '../foundation/event.ts';
import type { CommandRunner } from '../machine/command/command.ts';
import type { EngineKind } from '../machine/engine/engine.ts';
import type { PluginSet } from '../plugin/plugin-set.ts';
import type { Sampling } from '../run/sampling.ts';

/** What the core gets from outside instead of reaching for it itself. */
export interface Surroundings {
  runner: CommandRunner;
  clock: Clock;
  events: EventStream;
  /** The process's environment. */
  env: Readonly<Record<string, string | undefined>>;
  /** The command line as typed, for the campaign's own file; scrubbed there. */
  argv: readonly string[];
  /** Absolute current folder: the MAD package, unless a snapshot takes its place. */
  cwd: string;
  /** `context` of the package's project file. */
  projectContext?: Readonly<Record<string, unknown>>;
  /** Aborts with the signal's name (`SIGINT`, `SIGTERM`, `SIGHUP`) as its reason. */
  signal: AbortSignal;
  /** The user's cache folder for madengine, absolute; made on first use. */
  cacheDir: string;
  version: string;
  /** `plugins` of the package's project file. */
  projectPlugins?: readonly string[];
  /** What the plugins are that were named; absent where none was. */
  plugins?: PluginSet;
}

/** `--package`: how the package reaches nodes that have no copy of it. */
export const packageTransports = ['none', 'file', 'registry'] as const;
export type PackageTransport = (typeof packageTransports)[number];

/** `--prefetch`: when images of the next jobs are fetched. */
export const prefetchChoices = ['never', 'between', 'always'] as const;
export type PrefetchChoice = (typeof prefetchChoices)[number];

/** `--prune-images`: which images go after their last job. */
export const pruneChoices = ['never', 'pulled', 'all'] as const;
export type PruneChoice = (typeof pruneChoices)[number];

export interface ContextOptions {
  /** `--additional-context`: JSON or a Python literal, as typed. */
  additionalContext: string | undefined;
  /** `--additional-context-file`. */
  additionalContextFile: string | undefined;
}

export interface BuildOptions extends ContextOptions {
  /** As typed; commas not yet split. */
  tags: readonly string[];
  /** `--batch-manifest`; in place of tags. */
  batchManifest: string | undefined;
  /** As typed; commas not yet split. */
  targetArchs: readonly string[];
  /** `--use-image`: an image for all models, or `auto`; nothing is built. */
  useImage: string | undefined;
  registry: string | undefined;
  cleanDockerCache: boolean;
  manifestOutput: string;
  summaryOutput: string | undefined;
  /** `--data-config`: in place of the package's `data.json`. */
  dataConfig: string | undefined;
  /** `--force-mirror-local`: keeps all data that isn't local. */
  forceMirrorLocal: string | undefined;
  liveOutput: boolean;
  /** `perf.csv`; its folder is the results root. */
  output: string;
  package: PackageTransport;
  /** Images built at the same time. */
  jobs: number;
  engine: EngineKind;
  /** `--sys-env-details`; the context's `gen_sys_env_details` counts over it. */
  sysEnvDetails: boolean;
  /** `--plugin`: files, as typed. */
  plugin: readonly string[];
  /** `plugins` of the package's project file; relative to the package. */
  packagePlugins: readonly string[];
  /** Print the plan, do nothing. */
  dryRun: boolean;
}

export interface RunOptions extends BuildOptions, Sampling {
  manifestFile: string | undefined;
  /** Seconds; -1: the card's or the default; 0: none. */
  timeout: number;
  /** Seconds from the campaign's start; 0: none. */
  deadline: number;
  /** `--tools-config`: a file in place of the package's `scripts/common/tools.json`. */
  toolsConfig: string | undefined;
  /** Models at the same time; `auto`: as many as the GPUs allow. */
  parallel: number | 'auto';
  /** Further attempts after failures that are none of the model's. */
  retries: number;
  /** Refuse GPUs that are busy or throttled. */
  strict: boolean;
  keepAlive: boolean;
  keepModelDir: boolean;
  skipModelRun: boolean;
  prefetch: PrefetchChoice;
  pruneImages: PruneChoice;
  ignoreDeprecated: boolean;
  /** `--known-failures`: a file. */
  knownFailures: string | undefined;
  /** `--junit`: where the report is written. */
  junit: string | undefined;
  /** `--report`: NAME=FILE, as typed. */
  report: readonly string[];
  /** `--target`: where the jobs go. */
  target: string;
  disableSkipGpuArch: boolean;
}

export interface CampaignOutcome {
  exitCode: ExitCode;
}
