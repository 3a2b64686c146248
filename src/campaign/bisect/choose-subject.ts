import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { maskSecretText } from '../../foundation/secret-text.ts';
import { withoutRevision } from '../../run/clone/clone-address.ts';
import { cloneHistory } from '../../run/clone/clone-history.ts';
import type { Surroundings } from '../options.ts';
import { type Ground, oneCard } from './candidate-jobs.ts';
import { commitSeries, findCommit, historyBytes } from './commit-series.ts';
import { imageSeries } from './image-series.ts';
import type { BisectOptions } from './options.ts';
import { findPackageRepository, type PackageRepository } from './package-repository.ts';
import type { Candidate } from './series.ts';

/** What a bisect goes through. */
export type Subject =
  | { over: 'images' }
  | { over: 'package'; repository: PackageRepository }
  | { over: 'model' };

/** As `--over` says, else what the other options can mean. Throws INVALID_ARGUMENT. */
export async function chooseSubject(options: BisectOptions, around: Surroundings): Promise<Subject> {
  const { imageList, over } = options;
  if (over === 'images' || (over === undefined && imageList.length > 0)) return { over: 'images' };
  if (imageList.length > 0) {
    throw new MadError('INVALID_ARGUMENT', `--image-list has no place beside --over ${over}`, {
      hint: 'Name the image that all commits run in by --use-image.',
    });
  }
  if (options.good === undefined) {
    throw new MadError('INVALID_ARGUMENT', '--good is missing', {
      hint: 'Name a commit that was good, such as --good v1.2, or the images to look through: --image-list app:1 app:2.',
    });
  }
  if (over === 'model') return { over };
  const { cwd, runner, signal } = around;
  const repository = await findPackageRepository(cwd, runner, signal);
  if (over === 'package' && !repository) {
    throw new MadError('INVALID_ARGUMENT', 'the package is in no git repository with a commit', {
      hint: 'Start in a clone of the package.',
    });
  }
  const url = await urlHere(options, around);
  if (over === undefined && !(await isOfPackage(repository, url, options, around))) return { over: 'model' };
  if (!repository) throw new RangeError('commits of no repository');
  return { over: 'package', repository };
}

/** Of the card in the current folder, whose files may be in a state of their own: then undefined. */
async function urlHere({ tags }: BisectOptions, around: Surroundings): Promise<string | undefined> {
  try {
    return (await oneCard(tags, around)).url;
  } catch (error) {
    const isTyped = error instanceof MadError && /^(?:INVALID_ARGUMENT|MODEL_NOT_FOUND)$/.test(error.code);
    if (isTyped || !(error instanceof MadError)) throw error;
    return undefined;
  }
}

async function isOfPackage(
  repository: PackageRepository | undefined,
  url: string | undefined,
  { good = '', bad = 'HEAD' }: BisectOptions,
  { events }: Surroundings,
): Promise<boolean> {
  const missing: string[] = [];
  for (const revision of [good, bad])
    if (!repository || (await findCommit(repository.git, revision)) === undefined) missing.push(revision);
  const isHere = missing.length === 0;
  if (!url && !isHere) {
    const names = missing.map((one) => JSON.stringify(one)).join(', ');
    throw new MadError(
      'INVALID_ARGUMENT',
      `${names}: no commit, tag or branch of the package, and the card has no url`,
      { hint: 'Start in a clone of the package, or name images: --image-list app:1 app:2 app:3.' },
    );
  }
  if (url && isHere) {
    const message = `${good} and ${bad} are commits of the package: looking through those`;
    const hint = "--over model looks through those of the card's url.";
    events.emit({ type: 'notice', level: 'info', code: 'BISECT_OVER', message, hint });
  }
  return isHere;
}

/** From the good to the bad end, where nothing is to be fetched for that; undefined otherwise. */
export async function seriesAtHand(
  subject: Subject,
  options: BisectOptions,
  { cwd, events }: Surroundings,
): Promise<Candidate[] | undefined> {
  if (subject.over === 'images') return imageSeries(options, cwd);
  if (subject.over === 'model') return undefined;
  const { git, isDirty } = subject.repository;
  if (isDirty) {
    const message = 'the package has changes that are in no commit: they are no part of what is measured';
    events.emit({ type: 'notice', level: 'warning', code: 'BISECT_DIRTY', message });
  }
  const { good = '', bad = 'HEAD' } = options;
  return commitSeries(git, { good, bad }, 'the package');
}

/** The commits of the card's repository. */
export async function seriesOfModel({ options, access, campaign, around }: Ground): Promise<Candidate[]> {
  const card = await oneCard(options.tags, around);
  if (card.url === '') {
    throw new MadError(
      'INVALID_ARGUMENT',
      `${card.name} has no url, so there are no commits of its repository`,
      {
        hint: 'Look through the commits of the package: --over package.',
      },
    );
  }
  const { url, revision = 'HEAD' } = withoutRevision(card.url);
  const git = await cloneHistory(
    {
      card: { ...card, url },
      credentials: access.credentials,
      // Gone when the campaign ends.
      folder: join(campaign.secretsDir, 'history.git'),
      packageDir: around.cwd,
      runner: around.runner,
      clock: around.clock,
      emit: campaign.emit,
      signal: around.signal,
    },
    historyBytes,
  );
  const { good = '', bad = revision } = options;
  return commitSeries(git, { good, bad }, maskSecretText(url));
}
