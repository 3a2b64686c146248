/** A place where nothing runs: commands are answered from a list and remembered. For tests of all rooms. */
import { setTimeout as delay } from 'node:timers/promises';
import { MadError } from '../../foundation/error.ts';
import type { Command, CommandEnd, CommandResult, CommandRunner, RunningCommand } from './command.ts';

export interface FakeAnswer {
  /** The first words of the command line, as words or as text with single blanks, or a test of the whole of it. */
  when: string | readonly string[] | ((argv: readonly string[]) => boolean);
  stdout?: string;
  stderr?: string;
  /** Default 0. */
  exitCode?: number;
  /** Any other end than an exit code. */
  end?: CommandEnd;
  /** Milliseconds until the end; `Infinity` waits for kill, abort or timeout. */
  delayMs?: number;
  /** The program isn't there. */
  notFound?: boolean;
  /** Answer only so many commands, then look further down the list. */
  times?: number;
  /** What the command does besides, such as writing a file; what it returns replaces parts of the answer. */
  act?(command: Command): Partial<FakeAnswer> | undefined | Promise<Partial<FakeAnswer> | undefined>;
}

export interface FakeRunner extends CommandRunner {
  /** Every command that was started, in order. */
  readonly commands: readonly Command[];
  /** Their command lines, words joined by blanks. */
  readonly lines: readonly string[];
}

/** `programs`: name -> absolute paths that `which` and `whichAll` find. A command without an answer is an error. */
export function fakeRunner(
  answers: readonly FakeAnswer[],
  programs: Readonly<Record<string, string | readonly string[]>> = {},
): FakeRunner {
  const commands: Command[] = [];
  const used = new Map<FakeAnswer, number>();
  const found = (program: string): string[] => [programs[program] ?? []].flat();
  return {
    place: 'a fake machine',
    commands,
    get lines() {
      return commands.map((command) => command.argv.join(' '));
    },
    start(command) {
      commands.push(command);
      const answer = answers.find(
        (candidate) =>
          fits(candidate.when, command.argv) && (used.get(candidate) ?? 0) < (candidate.times ?? Infinity),
      );
      if (answer) used.set(answer, (used.get(answer) ?? 0) + 1);
      return answered(command, answer);
    },
    which: async (program, alsoIn = []) =>
      found(program)[0] ?? alsoIn.flatMap((folder) => found(`${folder}/${program}`))[0],
    whichAll: async (program) => found(program),
  };
}

function fits(when: FakeAnswer['when'], argv: readonly string[]): boolean {
  if (typeof when === 'function') return when(argv);
  const words = typeof when === 'string' ? when.split(' ') : when;
  return words.every((word, index) => argv[index] === word);
}

function answered(command: Command, answer: FakeAnswer | undefined): RunningCommand {
  const killed = new AbortController();
  let signal: NodeJS.Signals = 'SIGKILL';
  const result = play(command, answer, killed.signal, () => signal);
  result.catch(() => {});
  return {
    pid: undefined,
    result,
    kill(by) {
      signal = by;
      killed.abort();
    },
  };
}

async function play(
  command: Command,
  given: FakeAnswer | undefined,
  killed: AbortSignal,
  by: () => NodeJS.Signals,
): Promise<CommandResult> {
  if (given === undefined) throw new Error(`the fake runner has no answer for: ${command.argv.join(' ')}`);
  const answer = { ...given, ...(await given.act?.(command)) };
  if (answer.notFound)
    throw new MadError('COMMAND_NOT_FOUND', `There is no program "${command.argv[0]}" here.`);
  const stdout = answer.stdout ?? '';
  const stderr = answer.stderr ?? '';
  if (stdout !== '') command.onStdout?.(Buffer.from(stdout));
  if (stderr !== '') command.onStderr?.(Buffer.from(stderr));
  const early = await waited(command, answer.delayMs ?? 0, killed, by);
  return {
    argv: command.argv,
    end: early ?? answer.end ?? { kind: 'exited', exitCode: answer.exitCode ?? 0 },
    stdout: command.onStdout ? '' : stdout,
    stderr: command.onStderr ? '' : stderr,
    durationS: 0,
  };
}

async function waited(
  command: Command,
  ms: number,
  killed: AbortSignal,
  by: () => NodeJS.Signals,
): Promise<CommandEnd | undefined> {
  const limit = command.timeoutMs ?? Infinity;
  const stop = AbortSignal.any(command.signal ? [killed, command.signal] : [killed]);
  try {
    const wait = Math.min(ms, limit);
    if (wait > 0 || stop.aborted) await delay(Math.min(wait, 0x7fff_ffff), undefined, { signal: stop });
    return limit < ms ? { kind: 'timed-out' } : undefined;
  } catch {
    return killed.aborted ? { kind: 'signalled', signal: by() } : { kind: 'aborted' };
  }
}
