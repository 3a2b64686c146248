/** The git repository that the package lies in. Nothing is written to it, and nothing to its checkout. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import {
  type CommandResult,
  type CommandRunner,
  runCommand,
  succeeded,
} from '../../machine/command/command.ts';
import { cleanText } from '../../record/output/clean-text.ts';
import { type Git, historyBytes } from './commit-series.ts';

export interface PackageRepository {
  git: Git;
  /** The package's folder below the top, such as `mad/`; '' where it is the top. */
  prefix: string;
  /** Absolute folder of its objects. */
  objects: string;
  /** `sha1` or `sha256`. */
  format: string;
  /** Where submodules with relative addresses count from; undefined for one that was never cloned. */
  origin: string | undefined;
  /** Changes that no commit has. */
  isDirty: boolean;
}

const environment = { LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' };

/** undefined where the package is in no repository, or has no commit. */
export async function findPackageRepository(
  folder: string,
  runner: CommandRunner,
  signal: AbortSignal,
): Promise<PackageRepository | undefined> {
  const git: Git = (...words) => gitIn(folder, words, runner, signal);
  const place = await git(
    'rev-parse',
    '--show-prefix',
    '--git-path',
    'objects',
    '--show-object-format',
  ).catch(noGit);
  if (!place || !succeeded(place)) return undefined;
  const [prefix = '', objects = '', format = 'sha1'] = place.stdout.split('\n');
  const [origin, status] = [
    await git('config', '--get', 'remote.origin.url'),
    await git('status', '--porcelain', '--untracked-files=no'),
  ];
  return {
    git,
    prefix,
    objects: join(objects.startsWith('/') ? '/' : folder, objects),
    format,
    origin: succeeded(origin) ? origin.stdout.trim() : undefined,
    isDirty: status.stdout.trim() !== '',
  };
}

function noGit(error: unknown): undefined {
  if (error instanceof MadError && error.code === 'COMMAND_NOT_FOUND') return undefined;
  throw error;
}

const gitIn = (
  folder: string,
  words: readonly string[],
  runner: CommandRunner,
  signal: AbortSignal,
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> =>
  runCommand(runner, {
    argv: ['git', '-C', folder, ...words],
    env: { ...environment, ...env },
    keepBytes: historyBytes,
    signal,
  });

/**
 * The files of one commit in a folder of its own, which must not exist; returns the package's folder in it. It borrows the
 * objects of the package's repository, so that a `git worktree` need not be noted there, and a folder that is left over
 * can simply be removed. Throws COMMAND_FAILED.
 */
export async function checkOut(
  commit: string,
  folder: string,
  repository: PackageRepository,
  runner: CommandRunner,
  signal: AbortSignal,
): Promise<string> {
  const run = async (words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> => {
    const result = await gitIn(folder, words, runner, signal, env);
    if (succeeded(result)) return;
    signal.throwIfAborted();
    const said = cleanText(result.stderr.trim().split('\n').at(-1) ?? '');
    throw new MadError(
      'COMMAND_FAILED',
      `git ${words[0] === '-c' ? words[2] : words[0]} of ${commit}: ${said}`,
    );
  };
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await run(['init', '--quiet', '--template=', `--object-format=${repository.format}`]);
  await mkdir(join(folder, '.git', 'objects', 'info'), { recursive: true });
  await writeFile(join(folder, '.git', 'objects', 'info', 'alternates'), `${repository.objects}\n`);
  // Hooks are the person's own, for their own checkouts.
  await run(['-c', 'core.hooksPath=/dev/null', 'checkout', '--quiet', '--detach', commit]);
  const { origin } = repository;
  const asOrigin: Readonly<Record<string, string>> =
    origin === undefined
      ? {}
      : { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'remote.origin.url', GIT_CONFIG_VALUE_0: origin };
  await run(['submodule', '--quiet', 'update', '--init', '--recursive'], asOrigin);
  return join(folder, repository.prefix);
}
