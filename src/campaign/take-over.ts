import { MadError } from '../foundation/error.ts';
import { type CampaignFolder, reopenCampaign } from '../record/campaign-folder.ts';
import { claimCampaign } from '../record/dead-campaign.ts';
import { settle } from '../record/reconcile.ts';
import { type CleanUpOptions, cleanUpAfterDead, removeLeftovers } from './clean-up.ts';
import { listOurs } from './engine-ahead.ts';

/**
 * Takes up a campaign that is over or died. What of it was left running or lying is removed, each run that had begun has a
 * record then, and each record its rows. Other campaigns that died are cleaned up as at every start.
 */
export async function takeOver(
  id: string,
  options: CleanUpOptions & { version: string },
): Promise<CampaignFolder> {
  const { resultsRoot, host, clock, emit, engine, version } = options;
  // First, so that nobody else takes it for dead.
  const dead = await claimCampaign({ resultsRoot, host, id });
  if (!dead) {
    throw new MadError('INVALID_ARGUMENT', `the campaign ${id} still runs`, {
      hint: `Watch it with \`madengine-cli runs follow ${id}\`, or end it first.`,
    });
  }
  try {
    const containers = await (options.listed ?? listOurs(engine, host));
    await cleanUpAfterDead({ ...options, listed: Promise.resolve(containers) });
    await removeLeftovers(dead, containers, options);
    await settle(dead, { clock, emit, close: false, keepLock: true });
    return await reopenCampaign({ resultsRoot, info: dead.info, lock: dead.lock, version, host, clock });
  } catch (error) {
    dead.lock.release();
    throw error;
  }
}
