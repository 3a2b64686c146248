import { type ExitCode, exitCode } from '../foundation/error.ts';
import type { RunStatus } from '../record/record-schema.ts';

export interface PhaseCounts {
  /** Builds and pushes that failed. */
  failedBuilds: number;
  /** One for each job that was to run. */
  runs: readonly {
    status: RunStatus;
    /** Skipped because no image fits this machine. */
    misfit: boolean;
    /** Its failure is one of `--known-failures`. */
    known?: boolean;
  }[];
}

/** A failed run that is not known weighs more than a failed build; nothing that fits this machine is a failed run. */
export function exitCodeOf({ failedBuilds, runs }: PhaseCounts): ExitCode {
  if (runs.some((run) => run.status === 'FAILURE' && !run.known)) return exitCode.runFailure;
  if (runs.length > 0 && runs.every((run) => run.misfit)) return exitCode.runFailure;
  return failedBuilds > 0 ? exitCode.buildFailure : exitCode.success;
}

/** `SIGINT`, `SIGTERM`, `SIGHUP` as the shell's codes. */
export function exitCodeOfSignal(reason: unknown): ExitCode {
  if (reason === 'SIGTERM') return exitCode.terminated;
  if (reason === 'SIGHUP') return exitCode.hangup;
  return exitCode.interrupted;
}
