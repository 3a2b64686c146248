import type { Context } from '../context/context.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import type { Engine } from '../machine/engine/engine.ts';
import type { FailedBuild } from '../manifest/assemble.ts';
import type { BuildManifest } from '../manifest/manifest-schema.ts';
import type { KnownFailure } from '../record/known-failure.ts';
import type { Job } from '../run/job.ts';
import type { RunServices } from '../run/run-services.ts';
import type { ToolChain } from '../stage/tool-chain.ts';
import type { Resumed } from './again/resumed.ts';
import type { RunOptions } from './options.ts';
import type { Access } from './prepare.ts';

/** What a run phase is given: everything that was asked for, and what is here. */
export interface RunInputs {
  options: RunOptions;
  access: Access;
  manifest: BuildManifest;
  manifestFile: string;
  context: Context;
  engine: Engine;
  gpus: GpuFacts;
  jobs: readonly Job[];
  /** Where they are known already. */
  tools?: ToolChain;
  /** See `RunServices`. */
  askedAhead: RunServices['askedAhead'];
  /** Builds and pushes that failed in the same command. */
  failedBuilds: readonly FailedBuild[];
  buildFailures: number;
  /** The reference's summary of the build, when the same command built. */
  buildPhase?: Readonly<Record<string, unknown>>;
  /** Of `--known-failures`. */
  known: readonly KnownFailure[];
  /** The campaign goes on where an earlier process left it. */
  resume?: Resumed;
  /** All of this was recorded by an earlier process: nothing was built in this one. */
  isRecorded?: true;
}
