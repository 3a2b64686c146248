import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { isId } from '../../foundation/id.ts';
import { campaignsFolder } from './campaign-folder.ts';
import { campaignIds, runIds } from './campaign-list.ts';

/** A campaign, and one of its runs where the id was a run's. */
export interface Found {
  campaign: string;
  run?: string;
}

/**
 * The campaign or run that a person means: by its whole id, or by its beginning or end when no other has that.
 * Undefined means the latest campaign. Throws FILE_NOT_FOUND, or INVALID_ARGUMENT for a part that several ids have.
 */
export async function findById(resultsRoot: string, typed: string | undefined): Promise<Found> {
  const ids = await campaignIds(resultsRoot);
  const latest = ids.at(-1);
  if (latest === undefined) {
    throw new MadError('FILE_NOT_FOUND', `there is no campaign in ${resultsRoot}`, {
      hint: 'Name the perf.csv of another results folder with --output.',
    });
  }
  if (typed === undefined) return { campaign: latest };
  const part = typed.toLowerCase();
  if (!/^[0-9a-f-]{4,36}$/.test(part)) {
    throw new MadError('INVALID_ARGUMENT', `${JSON.stringify(typed)} is no id of a campaign or run`, {
      hint: 'Give an id as `madengine-cli runs` lists it, or at least four characters of its beginning or end.',
    });
  }
  const campaigns = ids.filter((id) => isMeant(id, part)).map((campaign) => ({ campaign }));
  const hidden: string[] = [];
  const found = campaigns.length > 0 ? campaigns : await runsLike(resultsRoot, ids, part, hidden);
  const [first, second] = found;
  if (!first) {
    const apart = hidden.length > 0 ? `, apart from those of campaigns that can't be read` : '';
    throw new MadError(
      'FILE_NOT_FOUND',
      `no campaign and no run in ${resultsRoot} has the id ${typed}${apart}`,
      {
        hint: '`madengine-cli runs` lists the campaigns, `madengine-cli runs show CAMPAIGN` its runs.',
      },
    );
  }
  if (second) {
    const names = found.map(({ campaign, run }: Found) => run ?? campaign);
    throw new MadError('INVALID_ARGUMENT', `${typed} could mean ${names.slice(0, 5).join(', ')}`, {
      hint: 'Give more of the id.',
    });
  }
  return first;
}

const isMeant = (id: string, part: string): boolean => id.startsWith(part) || id.endsWith(part);

/** Fills `hidden` with the campaigns whose runs this user may not see. */
async function runsLike(
  resultsRoot: string,
  ids: readonly string[],
  part: string,
  hidden: string[],
): Promise<Found[]> {
  const found: Found[] = [];
  // The latest first: a whole id needs no look at the others.
  for (const campaign of ids.toReversed()) {
    const runs = await runIds(join(campaignsFolder(resultsRoot), campaign)).catch((error: unknown) => {
      if (errnoOf(error) === undefined) throw error;
      hidden.push(campaign);
      return [];
    });
    for (const run of runs) if (isMeant(run, part)) found.push({ campaign, run });
    if (isId(part) && found.length > 0) break;
  }
  return found;
}
