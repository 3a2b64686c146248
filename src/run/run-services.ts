import type { Context } from '../context/context.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Emit } from '../foundation/event.ts';
import type { Scrubber, Secret } from '../foundation/secret.ts';
import type { CommandRunner } from '../machine/command/command.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import type { Engine, ImageInfo } from '../machine/engine/engine.ts';
import type { Credentials } from '../package/credential-file.ts';
import type { PackageSnapshot } from '../package/snapshot-schema.ts';
import type { CampaignFolder } from '../record/campaign/campaign-folder.ts';
import type { Reserve } from '../record/campaign/reserve.ts';
import type { KnownFailure } from '../record/known-failure.ts';
import type { PerfWriter } from '../record/perf/perf-writer.ts';
import type { RunRecord } from '../record/record-schema.ts';
import type { Launcher } from '../stage/launcher/launcher.ts';
import type { ToolChain } from '../stage/tool-chain.ts';
import type { DataProvider } from './data/provider.ts';
import type { EnvironmentCaptures } from './environment/environment-captures.ts';
import type { Slot } from './gpu/slot.ts';
import type { RunSettings } from './job.ts';
import type { Prefetch } from './prefetch.ts';
import type { Provenance } from './provenance.ts';
import type { HiddenEntry } from './run-folder.ts';
import type { StartedProgram } from './started-program.ts';

export type { Progress } from './progress.ts';

export interface RunPlugins {
  providers: ReadonlyMap<string, DataProvider>;
  launchers: ReadonlyMap<string, Launcher>;
}

/** What all jobs of a campaign share on this machine. */
export interface RunServices {
  engine: Engine;
  /** Asked once for all runs; '' for an engine that went away. */
  engineVersion(): Promise<string>;
  clock: Clock;
  emit: Emit;
  signal: AbortSignal;
  scrubber: Scrubber;
  campaign: CampaignFolder;
  /** Folder for registry logins and other secrets, mode 700; gone when the campaign ends. */
  secretsDir: string;
  writer: PerfWriter;
  /** For records, should a run fill the disk. */
  reserve: Reserve;
  resultsRoot: string;
  /** Absolute: the package's files on this machine. */
  packageDir: string;
  /** What a run must not see of it. */
  hidden: readonly HiddenEntry[];
  package: PackageSnapshot | undefined;
  context: Context;
  /** What the context's `tools` ask for. */
  tools?: ToolChain;
  credentials: Credentials;
  /** `MAD_SECRETS*` of the environment. */
  envSecrets: readonly Secret[];
  /** Providers of data and launchers of plugins; absent without plugins. */
  plugins?: RunPlugins;
  settings: RunSettings;
  data: DataSettings;
  knownFailures: readonly KnownFailure[];
  /** Absent where no environment is noted. */
  captures?: Promise<EnvironmentCaptures>;
  gpus: GpuFacts;
  devices: DeviceServices;
  host: string;
  hostFacts: string | null;
  contextHash: string | null;
  /** The images were built in this campaign. */
  builtHere: boolean;
  /** Registry of option or manifest. */
  registry: string | undefined;
  /** Answers of the engine about images, by name, that were asked for ahead. */
  askedAhead: ReadonlyMap<string, Promise<ImageInfo | undefined>>;
  /** Of `--prefetch`. */
  prefetch?: Prefetch;
  buildNumber: string;
  pipeline: string;
  /** Of program and machine, for all records. */
  provenance: Provenance;
  giveBackTo: { uid: number; gid: number } | undefined;
  /** A program of this job that an earlier process started, and which goes on. */
  adopted?: StartedProgram;
  /** Of this one job. */
  slot?: Slot;
  /** The number of this execution, where a job is executed several times. */
  sample?: number;
  /** Its image, once an execution has had it: the others have the same. */
  pulled?: { reference?: string; image?: Pick<RunRecord['image'], 'id' | 'digest'> };
}

/** Where the data of models is described, and kept. */
export interface DataSettings {
  /** The current folder: its `data.json` comes before the package's. */
  cwd: string;
  /** `--data-config`, absolute. */
  config: string | undefined;
  /** `--force-mirror-local`, absolute. */
  mirror: string | undefined;
}

/** What the GPUs of a campaign need; nothing of it is used where no job asks for one. */
export interface DeviceServices {
  runner: CommandRunner;
  env: Readonly<Record<string, string | undefined>>;
  /** GPUs that no later job gets, with the reason. */
  setAside: Map<number, string>;
  /** Paths of the vendors' tools that gave no answer in time, and are not waited for again. */
  hung: Set<string>;
  /** Ends what campaigns that died meanwhile left running, perhaps on GPUs that somebody has leased since. Never throws. */
  endOrphans(): Promise<void>;
}

export type Verdict = Pick<RunRecord, 'status' | 'failure' | 'reason'>;

/** Begins the warning of a record whose container could not be ended. */
export const unkillable = 'unkillable';

/** Seconds to the millisecond, as records hold them. */
export function roundedSeconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
