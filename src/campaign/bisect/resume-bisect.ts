import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { readCampaignFile } from '../../record/campaign/campaign-file.ts';
import { campaignsFolder } from '../../record/campaign/campaign-folder.ts';
import { maskedPaths, readAsked } from '../../record/campaign/campaign-inputs.ts';
import { idOf, placeOf, requireNoMasks } from '../again/resume-campaign.ts';
import { earlierResultsRoot } from '../open-campaign.ts';
import type { CampaignOutcome, Surroundings } from '../options.ts';
import { bisectCampaign } from './bisect-campaign.ts';
import type { BisectOptions } from './options.ts';

export interface ResumeBisectWish {
  /** Of the campaign, or an end of it; the latest bisect when undefined. */
  id: string | undefined;
  /** `--output`, as typed. */
  output: string;
  /** What each option is where the campaign does not say. */
  defaults: BisectOptions;
  /** Options that stand on this command line: they win over the recorded ones. */
  typed: Partial<BisectOptions>;
}

/** `bisect --resume`: nothing that was measured is measured again. */
export async function resumeBisect(wish: ResumeBisectWish, around: Surroundings): Promise<CampaignOutcome> {
  const resultsRoot = await earlierResultsRoot(wish.output, around.cwd);
  const id = await idOf(resultsRoot, wish.id, 'bisect');
  const folder = join(campaignsFolder(resultsRoot), id);
  const [info, asked] = await Promise.all([readCampaignFile(folder), readAsked(folder)]);
  if (info?.command !== 'bisect' || !asked) {
    throw new MadError('INVALID_ARGUMENT', `the campaign ${id} is no bisect`, {
      hint: '`madengine-cli runs` lists the campaigns with their commands.',
    });
  }
  const options = {
    ...wish.defaults,
    ...(asked.options as Partial<BisectOptions>),
    ...wish.typed,
    output: join(resultsRoot, info.perf_csv),
  };
  requireNoMasks(maskedPaths(options));
  return bisectCampaign(options, placeOf(asked, around), { id });
}
