import { hostname } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '../../foundation/file/errno.ts';
import type { Engine } from '../../machine/engine/engine.ts';
import { type CampaignImages, imagesOfCampaign } from '../../record/campaign/campaign-images.ts';
import { campaignIds } from '../../record/campaign/campaign-list.ts';
import { campaignState } from '../../record/campaign/campaign-state.ts';

/**
 * What campaigns that run with other results folders need. Known are those that have a container now: its labels say in
 * which folder; of one that may not be read, only the image of the container is known, which its use keeps.
 */
export async function neededElsewhere(engine: Engine, resultsRoot: string): Promise<CampaignImages[]> {
  const containers = await engine.list({ 'madengine.host': hostname() });
  const roots = new Set(containers.map(({ labels }) => labels['madengine.results_root'] ?? resultsRoot));
  roots.delete(resultsRoot);
  const needed: CampaignImages[] = [];
  for (const root of roots) {
    const ids = await campaignIds(root).catch(unreadable([]));
    for (const id of ids.filter((one) => campaignState(root, one) === 'live')) {
      const images = await imagesOfCampaign(join(root, '.madengine', 'campaigns', id)).catch(
        unreadable(undefined),
      );
      if (images) needed.push(images);
    }
  }
  return needed;
}

const unreadable =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (errnoOf(error) === undefined) throw error;
    return instead;
  };
