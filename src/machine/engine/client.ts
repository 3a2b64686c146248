import { type Command, type CommandResult, type CommandRunner, succeeded } from '../command/command.ts';
import { clientError, startClient } from './client-error.ts';
import type { Dialect } from './dialect.ts';

/** For calls that move no images: an engine that takes longer hangs, and clean-up must come to an end. */
export const answerWithinMs = 600_000;

/** The command line client of an engine. */
export interface Client {
  runner: CommandRunner;
  dialect: Dialect;
  /** Runs it to its end, good or bad. Throws ENGINE_UNAVAILABLE where it isn't installed. */
  run(words: readonly string[], how?: Omit<Command, 'argv'>): Promise<CommandResult>;
  /**
   * Runs it and throws what it said, unless it succeeded or its stderr matches `harmless`. `act` completes "… failed",
   * such as `The removal of x`.
   */
  ask(act: string, words: readonly string[], harmless?: RegExp): Promise<CommandResult>;
}

export function clientOf(dialect: Dialect, runner: CommandRunner): Client {
  const { program, title } = dialect;
  const run: Client['run'] = (words, how) =>
    startClient(runner, title, { ...how, argv: [program, ...words] });
  return {
    runner,
    dialect,
    run,
    async ask(act, words, harmless) {
      const result = await run(words, { timeoutMs: answerWithinMs });
      if (succeeded(result) || harmless?.test(result.stderr)) return result;
      throw clientError(title, act, result);
    },
  };
}

/** The lines of an answer that lists one thing on each. */
export const linesOf = ({ stdout }: CommandResult): string[] =>
  stdout.split('\n').filter((line) => line !== '');
