import { MadError } from '../../foundation/error.ts';
import type { Command } from '../command/command.ts';
import { type CommandResult, type CommandRunner, runCommand } from '../command/command.ts';

/** How a client is called in messages. */
export type ClientTitle = 'Docker' | 'Podman';

/** Runs a client; a missing program is a missing engine. */
export async function startClient(
  runner: CommandRunner,
  title: ClientTitle,
  command: Command,
): Promise<CommandResult> {
  try {
    return await runCommand(runner, command);
  } catch (error) {
    if (error instanceof MadError && error.code === 'COMMAND_NOT_FOUND') throw notInstalled(title, error);
    throw error;
  }
}

/** `act` completes "… failed", such as `The removal of x`. */
export function clientError(title: ClientTitle, act: string, result: CommandResult): MadError {
  return (
    interruption(act, result) ??
    unavailable(title, result.stderr) ??
    new MadError('ENGINE_FAILED', `${act} failed (${endWords(result)}): ${saidBy(result)}`)
  );
}

export function interruption(act: string, result: CommandResult): MadError | undefined {
  if (result.end.kind !== 'aborted') return undefined;
  return new MadError('INTERRUPTED', `${act} was interrupted.`);
}

export function endWords({ end }: CommandResult): string {
  switch (end.kind) {
    case 'exited':
      return `exit code ${end.exitCode}`;
    case 'signalled':
      return `ended by ${end.signal}`;
    case 'timed-out':
      return 'no answer in time';
    case 'aborted':
      return 'interrupted';
  }
}

/** Progress, warnings and advice that stand beside what went wrong. */
const besideThePoint = /^((Run|See) '.*--help'|Usage:|Copying (blob|config) |Getting image source|time=")/;

/** What a client said for people, on one line. */
export function saidBy({ stderr, stdout }: Pick<CommandResult, 'stderr' | 'stdout'>): string {
  const lines = (stderr.trim() || stdout.trim())
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !besideThePoint.test(line));
  const text = lines
    .slice(-4)
    .join(' | ')
    .replace(/^(docker: |Error: )?(Error response from daemon: )?/, '');
  return text === '' ? 'it said nothing' : text.slice(0, 1000);
}

export function notInstalled(title: ClientTitle, cause?: unknown): MadError {
  return new MadError(
    'ENGINE_UNAVAILABLE',
    `${title} isn't installed here: there is no program "${title.toLowerCase()}" on PATH.`,
    {
      cause,
      hint:
        title === 'Docker'
          ? 'Install Docker Engine (https://docs.docker.com/engine/install/), or choose another engine: --engine podman, --engine host.'
          : 'Install podman with the package manager of the system, or choose another engine: --engine docker, --engine host.',
    },
  );
}

/** Whether the client failed because no engine answers, and what to do then. */
export function unavailable(title: ClientTitle, stderr: string): MadError | undefined {
  if (
    /permission denied.*(daemon socket|docker\.sock|docker API)|docker\.sock.*permission denied/is.test(
      stderr,
    )
  ) {
    return new MadError(
      'ENGINE_UNAVAILABLE',
      'This user may not talk to the Docker daemon (its socket refuses).',
      {
        hint: 'Add the user to the group docker (sudo usermod -aG docker "$USER") and log in again, or use --engine podman.',
      },
    );
  }
  const silent =
    /cannot connect to the docker daemon|is the docker daemon running|error during connect|failed to connect to the docker API|(cannot|unable to) connect to podman/i;
  if (!silent.test(stderr)) return undefined;
  return new MadError('ENGINE_UNAVAILABLE', `${title} doesn't answer: ${saidBy({ stderr, stdout: '' })}`, {
    hint:
      title === 'Docker'
        ? 'Start it (sudo systemctl start docker, or dockerd), or point DOCKER_HOST or the docker context to where it runs.'
        : 'Start it (podman machine start, or systemctl start podman.socket), or check CONTAINER_HOST.',
  });
}
