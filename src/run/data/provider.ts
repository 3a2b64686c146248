/** What a data provider is: one file per kind, and one line in `providers.ts`. */
import type { Clock } from '../../foundation/clock.ts';
import type { Emit } from '../../foundation/event.ts';
import type { Scrubber } from '../../foundation/secret.ts';
import type { CommandRunner } from '../../machine/command/command.ts';
import type { Credentials } from '../../package/credential-file.ts';

/** In the order in which the sources of one name are tried, whatever their order in the file (v1-formats, 8). */
export const providerKinds = ['custom', 'local', 'minio', 'nas', 'aws'] as const;
export type ProviderKind = (typeof providerKinds)[number];

/** One provider's entry of one name. */
export interface DataSource {
  /** The data's name, such as `model_data`. */
  name: string;
  kind: ProviderKind;
  /** As written: a path, an `s3://` address, or the script of a package. */
  path: string;
  /** Where the run sees the data, as written; without it a folder is chosen. */
  home?: string;
  readwrite: boolean;
  /** A folder of the machine that keeps data between runs, as written. */
  mirrorlocal?: string;
  /** Arguments of a custom script, as written. */
  args: string;
}

/** What providers get from outside. */
export interface DataAround {
  runner: CommandRunner;
  clock: Clock;
  /** The process's environment. */
  env: Readonly<Record<string, string | undefined>>;
  credentials: Credentials;
  /** Absolute; relative paths of a source count from here. */
  packageDir: string;
  /** Mode 700, gone when the campaign ends. */
  secretsDir: string;
  emit: Emit;
  signal: AbortSignal;
  scrubber: Scrubber;
}

export interface Fetched {
  files: number;
  bytes: number;
  /** Of these, taken over from an earlier download, whole or broken. */
  reusedBytes: number;
}

/** `total` is undefined where nobody knows it. */
export type OnProgress = (done: number, total: number | undefined) => void;

export interface DataProvider {
  kind: ProviderKind;
  /**
   * What changes when the data does, such as a hash over names, sizes and ETags; cheap to ask for. A complete mirror
   * with another version is fetched again. Without it, a mirror stays as it is until it is removed.
   */
  version?(source: DataSource, around: DataAround): Promise<string | undefined>;
  /** undefined when the source can be reached and has the data; else why not, in words for a person. */
  check(source: DataSource, around: DataAround): Promise<string | undefined>;
  /**
   * Brings the data into the folder `into`, which exists; on the host, before the container starts. Resumes what an
   * earlier call that broke has left there. Throws a MadError. Absent where nothing is to be brought.
   */
  fetch?(source: DataSource, into: string, around: DataAround, onProgress: OnProgress): Promise<Fetched>;
}
