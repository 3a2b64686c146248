/** What a plugin exports: one definition, or a list of them, as the default export of its file. */
import type { Secret } from '../foundation/secret.ts';
import type { CommandResult } from '../machine/command/command.ts';
import type { GpuDevice, GpuToolkit } from '../machine/device/gpu-facts.ts';
import type { MachineView } from '../machine/device/machine-view.ts';
import type { DataSource } from '../package/data-source.ts';
import type { Launch, Launched } from '../stage/launcher/launcher.ts';
import type { RunRecord } from './run-record.ts';

/** The version of all that stands in this file; a plugin names the one that it was written for. */
export const apiVersion = 1;

export const pluginKinds = ['vendor', 'provider', 'tool', 'launcher', 'target', 'report'] as const;
export type PluginKind = (typeof pluginKinds)[number];

interface Definition<Kind extends PluginKind> {
  api: typeof apiVersion;
  kind: Kind;
  /** By which context, cards, `data.json` or options ask for it. */
  name: string;
  /** Takes the place of ours of that name; without it, a name that is taken is an error. */
  replaces?: boolean;
}

/** GPUs, or whatever takes their place, of a vendor that madengine doesn't know. */
export interface VendorPlugin extends Definition<'vendor'> {
  /** Programs and files, any of which says that it is worth asking; at least one. */
  programs?: readonly string[];
  /** Absolute paths. */
  files?: readonly string[];
  /** What is here, or what of it can be used. No devices where there are none. */
  detect(machine: Machine): DetectedGpus | Promise<DetectedGpus>;
}

/** The machine as a vendor sees it: its files and its tools. Nothing of it throws; variables with secrets are absent. */
export type Machine = Omit<MachineView, 'withTools'>;

export interface DetectedGpus {
  /** Their `index` counts from 0. */
  devices: readonly GpuDevice[];
  /** Such as `gfx942`; '' or absent where there is no such name. */
  architecture?: string;
  driver?: string;
  toolkit?: GpuToolkit;
  /** Options of `docker run` for containers with these GPUs, besides their `deviceFiles`. */
  containerOptions?: readonly string[];
  /** The variable that names which of them a process sees, such as `NPU_VISIBLE_DEVICES`. */
  visibleVariable?: string;
  /** What a person should know, such as a tool that failed. */
  notes?: readonly string[];
}

/** What a plugin asks for of secrets and variables; it gets nothing else of them. */
interface Asking {
  /** Names of entries of `credential.json`. */
  credentials?: readonly string[];
  /** Variables of the process's environment. */
  variables?: readonly string[];
}

/** A way to bring data. */
export interface ProviderPlugin extends Definition<'provider'>, Asking {
  /**
   * undefined when the source can be reached and has the data; else why not. A MadError says the same, with its `passes`;
   * words alone are of something that doesn't pass by itself.
   */
  check(source: DataSource, around: PluginAround): Promise<DataRefusal | string | undefined>;
  /** What changes when the data does; cheap to ask for. A mirror with another version is fetched again. */
  version?(source: DataSource, around: PluginAround): Promise<string | undefined>;
  /**
   * Brings the data into the folder `into`, which exists; on the host, before the container starts. May find what an
   * earlier call has left there. Files of its own have names that begin with `.madengine`, and are gone when it is
   * complete.
   */
  fetch(source: DataSource, into: string, around: PluginAround, onProgress: OnBytes): Promise<FetchedData>;
}

/** Why a source can't be used. */
export interface DataRefusal {
  /** For a person; a part of a sentence. */
  why: string;
  /** Another try may do better: nothing answered, or in a way that says "later". */
  passes: boolean;
}

/** `total` is undefined where nobody knows it. */
export type OnBytes = (done: number, total: number | undefined) => void;

export interface FetchedData {
  files: number;
  bytes: number;
  /** Of these, taken over from an earlier call. */
  reusedBytes?: number;
}

/** What providers and targets get from outside. */
export interface PluginAround {
  /** Absolute. */
  packageDir: string;
  /** Aborts with the campaign: end what goes on. */
  signal: AbortSignal;
  /** `variables` that are set; those whose names speak of secrets are in `secrets`. */
  env: Readonly<Record<string, string>>;
  /** `variables` that hold secrets, by name. */
  secrets: Readonly<Record<string, Secret>>;
  /** `credentials` that there are, by name and key. */
  credentials: Readonly<Record<string, Readonly<Record<string, string | Secret>>>>;
  /** Runs a command to its end, in an environment without secrets but those of `secretEnv`. */
  run(argv: readonly [string, ...string[]], options?: RunCommandOptions): Promise<CommandResult>;
  /** Milliseconds; ends early, with an error, when `signal` aborts. */
  sleep(ms: number): Promise<void>;
  /** Says something to the person who waits. */
  tell(message: string): void;
}

export interface RunCommandOptions {
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  secretEnv?: Readonly<Record<string, Secret>>;
  stdin?: string;
  timeoutMs?: number;
}

/** A tool, with the keys of an entry of `tools.json`. */
export interface ToolPlugin extends Definition<'tool'> {
  description?: string;
  /** Shell text before the model's command. */
  cmd?: string;
  env_vars?: Readonly<Record<string, string | number | boolean>>;
  /** Scripts beside the plugin, by their paths from its folder. */
  pre_scripts?: readonly (string | { path: string; args?: string | number })[];
  post_scripts?: readonly (string | { path: string; args?: string | number })[];
  /** Further files beside the plugin that its scripts need. */
  files?: readonly string[];
  /** Programs that the image must have; `a|b` is one of them. */
  requires?: readonly string[];
  /** Names of what it leaves, with `*`. */
  outputs?: readonly string[];
}

/** A way to start a model's processes. */
export interface LauncherPlugin extends Definition<'launcher'> {
  /** Plain data in, plain data out; nothing is waited for. Throws for what it can't do. */
  launch(launch: Launch): Launched;
}

/** A place where jobs run. In this version, it is this machine that they run on; the target says when. */
export interface TargetPlugin extends Definition<'target'>, Asking {
  /** One attempt at a job: returns what `around.here` gave. */
  place(job: PlacedJob, around: TargetAround): Promise<RunRecord>;
}

export interface PlacedJob {
  /** Model, arguments and image as one key. */
  key: string;
  model: string;
  args: string;
  tags: readonly string[];
  image: string;
  /** Counts from 1. */
  attempt: number;
  /** Among the jobs of the campaign, from 1. */
  position: number;
  total: number;
  /** The card as found, with unknown keys. */
  card: Readonly<Record<string, unknown>>;
}

export interface TargetAround extends PluginAround {
  /** Runs the job on this machine; the record is final and on disk when this returns. Once for each job. */
  here(): Promise<RunRecord>;
}

/** A file that is made of a campaign's records. */
export interface ReportPlugin extends Definition<'report'> {
  /** The whole content of the file that `--report NAME=FILE` names. */
  render(campaign: FinishedCampaign): string | Promise<string>;
}

export interface FinishedCampaign {
  /** Its id. */
  id: string;
  /** The last record of each of its jobs, in the manifest's order; final, and without secrets. */
  records: readonly RunRecord[];
  /** Whether nothing failed. */
  success: boolean;
  /** Seconds that the runs took. */
  totalS: number;
}

export type Plugin =
  | VendorPlugin
  | ProviderPlugin
  | ToolPlugin
  | LauncherPlugin
  | TargetPlugin
  | ReportPlugin;
