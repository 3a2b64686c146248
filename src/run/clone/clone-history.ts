import { maskSecretText } from '../../foundation/secret-text.ts';
import { type CommandResult, runCommand } from '../../machine/command/command.ts';
import { parseCloneUrl } from './clone-address.ts';
import { again, type CloneOptions, git, requireKeyFile } from './clone-repository.ts';
import { gitLogin } from './git-login.ts';

/**
 * The commits of a card's repository, without their files, as a bare repository in `folder`; returns how to ask git about
 * them. Throws as a clone does: COMMAND_FAILED, INVALID_FILE, FILE_NOT_FOUND, COMMAND_NOT_FOUND.
 */
export async function cloneHistory(
  options: CloneOptions,
  keepBytes: number,
): Promise<(...words: readonly string[]) => Promise<CommandResult>> {
  const { card, folder, runner, signal } = options;
  const address = parseCloneUrl(card.url);
  const login = gitLogin({ ...options, address });
  await requireKeyFile(login, card);
  await again(`The clone of ${maskSecretText(card.url)}`, options, () =>
    git(
      ['git', 'clone', '--quiet', '--bare', '--filter=tree:0', '--', address.url, folder],
      address,
      login,
      options,
    ),
  );
  const env = { LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' };
  return (...words) => runCommand(runner, { argv: ['git', '-C', folder, ...words], env, keepBytes, signal });
}
