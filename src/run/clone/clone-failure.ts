/** Why git failed, in words that tell the next step; the texts are those of git, curl and ssh. */
import { MadError } from '../../foundation/error.ts';
import { maskSecretText } from '../../foundation/secret-text.ts';
import type { CommandResult } from '../../machine/command/command.ts';
import { sshProblem } from '../../machine/ssh/ssh-problem.ts';
import type { ModelCard } from '../../package/card.ts';
import { cleanText } from '../../record/output/clean-text.ts';
import type { CloneAddress } from './clone-address.ts';
import type { GitLogin } from './git-login.ts';

/** A repository of a model's code takes minutes, whatever its history holds. */
export const longestCloneMs = 3_600_000;

/** One command of a clone that did not work, with what git said last. */
export class CloneError extends MadError {
  readonly said: string;

  constructor(message: string, said: string, passes: boolean, hint: string) {
    super('COMMAND_FAILED', message, { hint, passes });
    this.said = said;
  }
}

/** What may do better at the next try; for git itself, curl and ssh say it. */
const passing =
  /could not resolve host|connection (refused|reset|timed out|closed)|failed to connect|timed? ?out|operation too slow|early EOF|RPC failed|unexpected disconnect|remote end hung up|requested URL returned error: (429|5\d\d)|network is unreachable|no route to host|temporary failure|TLS connection was non-properly terminated/i;

type Card = Pick<ModelCard, 'url' | 'cred'>;

interface Tried {
  card: Card;
  folder: string;
  address: CloneAddress;
  login: GitLogin;
}

/** What one command of a clone that failed is told as: DISK_FULL, else a CloneError. */
export function cloneError(argv: readonly string[], result: CommandResult, tried: Tried): MadError {
  const { address, login, card, folder } = tried;
  const url = maskSecretText(card.url);
  // Before all else: over a network, git tells of a broken transfer, too.
  if (/No space left on device|Disk quota exceeded/.test(result.stderr)) {
    return new MadError('DISK_FULL', `the disk of ${folder} is full: ${url} could not be cloned`, {
      hint: 'Free some space, or put the results on another disk with --output.',
    });
  }
  const said = lastLine(result);
  const step = argv.find((word) => ['clone', 'checkout', 'submodule'].includes(word)) ?? 'rev-parse';
  const message = `git ${step} of ${url} ${howItEnded(result)}`;
  return new CloneError(
    message,
    said,
    passing.test(result.stderr),
    hintFor(result.stderr, said, address, login, card),
  );
}

function lastLine({ stdout, stderr }: CommandResult): string {
  const lines = `${stdout}\n${stderr}`.split(/[\r\n]+/).map((line) => cleanText(line).trim());
  const said = lines.filter((line) => line !== '');
  // ssh's reason stands before git's, which only says that there was one.
  const reason = said.findLast(
    (line) =>
      /^(fatal|error|ssh):|permission denied|^host key/i.test(line) &&
      !/could not read from remote repository/i.test(line),
  );
  return maskSecretText(reason ?? said.at(-1) ?? '');
}

function howItEnded({ end }: CommandResult): string {
  switch (end.kind) {
    case 'exited':
      return `ended with exit code ${end.exitCode}`;
    case 'signalled':
      return `was ended by ${end.signal}`;
    case 'timed-out':
      return `was not done within ${longestCloneMs / 1000} s`;
    case 'aborted':
      return 'was stopped';
  }
}

function hintFor(
  stderr: string,
  said: string,
  address: CloneAddress,
  login: GitLogin,
  { cred }: Card,
): string {
  if (address.scheme === 'ssh') {
    const { host, port } = address;
    const problem = sshProblem(stderr, host, { ...login.ssh, ...(port === undefined ? {} : { port }) });
    if (problem && !(cred === '' && /refuses/.test(problem.why)))
      return `${host} ${problem.why}. ${problem.hint}`;
  }
  if (
    /authentication failed|could not read (username|password)|permission denied|403|terminal prompts/i.test(
      said,
    )
  ) {
    return cred === ''
      ? "Name a credential of credential.json in the card's `cred`."
      : `Check ${cred} in credential.json, and what it may read.`;
  }
  if (/not found|does not appear to be a git repository|does not exist/i.test(said)) {
    const unseen = cred === '' ? 'or it is private and the card has no `cred`' : `or ${cred} may not see it`;
    return `Check the url of the card: there is no such repository, ${unseen}.`;
  }
  if (/SSL certificate|certificate verif/i.test(said))
    return 'Name the certificate of its authority in GIT_SSL_CAINFO, or install it on this machine.';
  return 'Check the url of the card, and that this machine reaches it.';
}
