import { access, constants, stat } from 'node:fs/promises';
import { MadError } from '../../foundation/error.ts';
import type { Command } from './command.ts';

/** Text that may come from a package, fit for one line of a message. */
const shown = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);

/** Why a command could not be started at all, in words. The system says ENOENT both for the program and the folder. */
export async function startError(command: Command, thrown: unknown): Promise<MadError> {
  const program = command.argv[0];
  const errno = (thrown as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error';
  if (errno === 'E2BIG') {
    return new MadError(
      'COMMAND_FAILED',
      `${shown(program)} got more arguments and environment than the system takes.`,
      {
        hint: 'Shorten the longest value of the context or the model card, or hand it over in a file.',
      },
    );
  }
  const folder = await folderProblem(command.cwd);
  if (folder !== undefined) {
    return new MadError('COMMAND_FAILED', `${shown(program)} could not be started: ${folder}.`, {
      hint: 'Check that the folder exists and that this user may enter it.',
    });
  }
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    return new MadError('COMMAND_NOT_FOUND', `There is no program ${shown(program)} here.`, {
      hint: `Install it, or add its folder to PATH.`,
    });
  }
  if (errno === 'EACCES' || errno === 'ENOEXEC') {
    return new MadError('COMMAND_NOT_FOUND', `${shown(program)} is there but can't be executed (${errno}).`, {
      hint: `Check its permissions (chmod +x) and that it is made for this machine.`,
    });
  }
  return new MadError('COMMAND_FAILED', `${shown(program)} could not be started (${errno}).`, {
    hint: 'Processes, open files or memory may have run out: see ulimit -a.',
  });
}

async function folderProblem(cwd: string | undefined): Promise<string | undefined> {
  if (cwd === undefined) return undefined;
  try {
    if (!(await stat(cwd)).isDirectory()) return `${shown(cwd)} is no folder`;
    await access(cwd, constants.X_OK);
    return undefined;
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code;
    return errno === 'ENOENT'
      ? `the folder ${shown(cwd)} doesn't exist`
      : `the folder ${shown(cwd)} can't be entered (${errno})`;
  }
}

/**
 * The system takes no zero bytes. Checked by us, because Node.js would quote the value in its error, and it may be a
 * secret.
 */
export function requireCleanWords(command: Command, env: Readonly<Record<string, string>>): void {
  const bad =
    command.argv.findIndex((word) => word.includes('\0')) >= 0
      ? 'an argument'
      : Object.entries(env)
          .filter(([name, value]) => name.includes('\0') || name.includes('=') || value.includes('\0'))
          .map(([name]) => `the environment variable ${shown(name)}`)[0];
  if (bad === undefined) return;
  throw new MadError(
    'COMMAND_FAILED',
    `${shown(command.argv[0])} can't be started: ${bad} holds a character that no command line can.`,
    {
      hint: 'Look for zero bytes in the context, the model card and the credentials.',
    },
  );
}
