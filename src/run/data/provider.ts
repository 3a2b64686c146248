/** What a data provider is: one file per kind, and one line in `providers.ts`. */
import type { Clock } from '../../foundation/clock.ts';
import type { Emit } from '../../foundation/event.ts';
import type { Scrubber } from '../../foundation/secret.ts';
import type { CommandRunner } from '../../machine/command/command.ts';
import type { Credentials } from '../../package/credential-file.ts';
import type { DataSource } from '../../package/data-source.ts';

export { type ProviderKind, providerKinds } from '../../package/data-schema.ts';
export type { DataSource } from '../../package/data-source.ts';

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
  /** Of plugins; before ours. */
  providers?: ReadonlyMap<string, DataProvider>;
}

export interface Fetched {
  files: number;
  bytes: number;
  /** Of these, taken over from an earlier download, whole or broken. */
  reusedBytes: number;
  /** SHA-256 in hex of files that were hashed on their way, by path below `into`; the mirror hashes the others. */
  sha256?: ReadonlyMap<string, string>;
}

/** Why a source can't be used. */
export interface Refusal {
  /** For a person; a part of a sentence. */
  why: string;
  /** Another try may do better: nothing answered, or in a way that says "later". */
  passes: boolean;
}

/** `total` is undefined where nobody knows it. */
export type OnProgress = (done: number, total: number | undefined) => void;

export interface DataProvider {
  kind: string;
  /**
   * What changes when the data does, such as a hash over names, sizes and ETags; cheap to ask for. A complete mirror
   * with another version is fetched again. Without it, a mirror stays as it is until it is removed.
   */
  version?(source: DataSource, around: DataAround): Promise<string | undefined>;
  /** undefined when the source can be reached and has the data. */
  check(source: DataSource, around: DataAround): Promise<Refusal | undefined>;
  /**
   * Brings the data into the folder `into`, which exists; on the host, before the container starts. Resumes what an
   * earlier call that broke has left there; what it keeps for that lies in files whose names begin with `.madengine`, and
   * is gone when it is complete. Throws a MadError. Absent where nothing is to be brought.
   */
  fetch?(source: DataSource, into: string, around: DataAround, onProgress: OnProgress): Promise<Fetched>;
}
