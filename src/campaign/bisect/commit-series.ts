/** Commits between two, as `git bisect` would see them, but in one line. */
import { MadError } from '../../foundation/error.ts';
import { type CommandResult, succeeded } from '../../machine/command/command.ts';
import { cleanText } from '../../record/output/clean-text.ts';
import { type Candidate, requireRange } from './series.ts';

/** Runs git in one repository; a command that fails is a result. */
export type Git = (...words: readonly string[]) => Promise<CommandResult>;

/** Of all subjects; a repository has more commits than anybody bisects. */
export const historyBytes = 64 * 1024 * 1024;

/**
 * From `good` to `bad`: the commits that each were the branch's state once and hold `good`. Commits of a branch that was
 * merged count as its merge, so that each candidate has all changes of those before it. Throws INVALID_ARGUMENT.
 */
export async function commitSeries(
  git: Git,
  { good, bad }: { good: string; bad: string },
  whose: string,
): Promise<Candidate[]> {
  const [from, to] = [await commitOf(git, good, '--good', whose), await commitOf(git, bad, '--bad', whose)];
  if (from === to) return requireRange([]);
  const isAncestor = async (one: string, other: string): Promise<boolean> =>
    succeeded(await git('merge-base', '--is-ancestor', one, other));
  if (!(await isAncestor(from, to))) {
    const swapped = await isAncestor(to, from);
    throw new MadError(
      'INVALID_ARGUMENT',
      `--good ${good} is no ancestor of --bad ${bad} in the history of ${whose}`,
      {
        hint: swapped
          ? 'It is the other way round: the bad one must be later. To find what made it better, swap both and --direction.'
          : 'Name two commits of one branch, such as the last release and HEAD.',
      },
    );
  }
  const [line, within, first] = [
    await git('log', '--first-parent', '--reverse', '--format=%H %s', `${from}..${to}`, '--'),
    await git('rev-list', '--ancestry-path', `${from}..${to}`, '--'),
    await git('log', '--max-count=1', '--format=%H %s', from, '--'),
  ];
  for (const one of [line, within, first]) if (!succeeded(one)) throw historyError(one, whose);
  const holdGood = new Set(within.stdout.split('\n'));
  const later = parseLog(line.stdout).filter(({ id }) => holdGood.has(id));
  return requireRange([...parseLog(first.stdout), ...later]);
}

/** Lines of `git log --format=%H %s`. */
export function parseLog(text: string): Candidate[] {
  return text.split('\n').flatMap((line) => {
    const [, id, subject = ''] = /^([0-9a-f]{40}|[0-9a-f]{64})(?: (.*))?$/s.exec(line) ?? [];
    if (id === undefined) return [];
    const words = cleanText(subject).trim();
    const short = words.length > 60 ? `${words.slice(0, 59).toWellFormed()}…` : words;
    return [{ id, label: `${id.slice(0, 12)} ${short}`.trim() }];
  });
}

async function commitOf(git: Git, revision: string, option: string, whose: string): Promise<string> {
  const found = await findCommit(git, revision);
  if (found !== undefined) return found;
  throw new MadError(
    'INVALID_ARGUMENT',
    `${option} ${JSON.stringify(revision)} is no commit, tag or branch of ${whose}`,
    { hint: '`git log --oneline` lists commits; a shallow clone has only the latest.' },
  );
}

/** undefined for whatever is no commit. */
export async function findCommit(git: Git, revision: string): Promise<string | undefined> {
  // Nothing that git could take for an option.
  if (!/^[^-\x00-\x20\x7f][^\x00-\x20\x7f]*$/.test(revision)) return undefined;
  const result = await git('rev-parse', '--verify', '--quiet', `${revision}^{commit}`);
  return succeeded(result) ? result.stdout.trim() : undefined;
}

const historyError = ({ stderr }: CommandResult, whose: string): MadError =>
  new MadError('COMMAND_FAILED', `git can't list the history of ${whose}: ${cleanText(stderr.trim())}`);
