import type { Readable } from 'node:stream';
import type { Secret } from '../../foundation/secret.ts';

/** One command as an argv array; never a shell string. */
export interface Command {
  argv: readonly [string, ...string[]];
  cwd?: string;
  /**
   * The child's whole environment, unless `inheritEnv` (the default) lays it over the runner's own: that part of it
   * which is on the allow-list in `environment.ts`.
   */
  env?: Readonly<Record<string, string>>;
  /** Secrets for the child's environment; they show up in no message or event. */
  secretEnv?: Readonly<Record<string, Secret>>;
  inheritEnv?: boolean;
  /** Text for standard input; without it the child reads end of file. */
  stdin?: string | Uint8Array | Readable;
  /** Called for each chunk as it comes; without it the output is kept, up to `keepBytes`. */
  onStdout?(chunk: Buffer): void;
  onStderr?(chunk: Buffer): void;
  /** Bytes kept of each stream, the last ones; default 1 MiB. */
  keepBytes?: number;
  /** Milliseconds until the command and all its children are ended; none when absent. */
  timeoutMs?: number;
  /** Ends the command: polite signal to its process group first, force after `graceMs` (default 5000). */
  signal?: AbortSignal;
  graceMs?: number;
}

export type CommandEnd =
  | { kind: 'exited'; exitCode: number }
  | { kind: 'signalled'; signal: NodeJS.Signals }
  | { kind: 'timed-out' }
  | { kind: 'aborted' };

export interface CommandResult {
  argv: readonly string[];
  end: CommandEnd;
  /** What was kept (see `keepBytes`), as UTF-8; empty where a callback took it. */
  stdout: string;
  stderr: string;
  /** Monotonic seconds. */
  durationS: number;
}

export interface RunningCommand {
  /** The process id where the runner knows one. */
  readonly pid: number | undefined;
  /**
   * Never rejects for a command that ran. Rejects COMMAND_NOT_FOUND when the program is missing or can't be executed,
   * COMMAND_FAILED when it could not be started for another reason, such as a missing working folder.
   */
  readonly result: Promise<CommandResult>;
  /** Sends the signal to the whole process group. */
  kill(signal: NodeJS.Signals): void;
}

/** A place where commands run: this machine, a node over SSH, or a fake. */
export interface CommandRunner {
  /** How the place is called in messages. */
  readonly place: string;
  /** Starts a command in a session of its own. */
  start(command: Command): RunningCommand;
  /** Absolute path of a program, looked for on PATH first, then in `alsoIn`; undefined when there is none. */
  which(program: string, alsoIn?: readonly string[]): Promise<string | undefined>;
  /** Every program of that name on PATH, first one first, links to one and the same file only once. */
  whichAll(program: string): Promise<string[]>;
}

/** Waits for a command whatever its end. */
export const runCommand = (runner: CommandRunner, command: Command): Promise<CommandResult> =>
  runner.start(command).result;

export const succeeded = (result: CommandResult): boolean =>
  result.end.kind === 'exited' && result.end.exitCode === 0;
