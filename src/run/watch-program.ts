import type { Clock } from '../foundation/clock.ts';
import type { CommandResult, RunningCommand } from '../machine/command/command.ts';
import type { Engine } from '../machine/engine/engine.ts';

export interface WatchOptions {
  engine: Engine;
  /** Name of the container. */
  container: string;
  /** Id of the run, as its label has it. */
  run: string;
  /** Resolves when the program has noted its end. */
  over: Promise<unknown>;
  clock: Clock;
}

const lookMs = 2000;

/**
 * A program that another process started, as a command that ends when the program has noted so or its container is gone.
 * Rejects when the engine goes away.
 */
export function watchProgram({ engine, container, run, over, clock }: WatchOptions): RunningCommand {
  const done = new AbortController();
  const result = (exitCode: number): CommandResult => ({
    ...{ argv: [], stdout: '', stderr: '', durationS: 0 },
    end: { kind: 'exited', exitCode },
  });
  const gone = async (): Promise<CommandResult> => {
    while (await isRunning(engine, container, run)) await clock.sleep(lookMs, done.signal);
    // As an engine's client says of a container that was killed.
    return result(137);
  };
  const ended = over.then(() => result(0));
  const first = Promise.race([ended, gone()]).finally(() => done.abort());
  // Whoever waits sees it.
  first.catch(() => {});
  return { pid: undefined, result: first, kill: () => {} };
}

async function isRunning(engine: Engine, container: string, run: string): Promise<boolean> {
  const found = await engine.list({ 'madengine.run': run });
  return found.some(({ name, running }) => name === container && running);
}
