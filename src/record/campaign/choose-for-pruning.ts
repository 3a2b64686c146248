import type { ListedCampaign } from './campaign-list.ts';

export interface PruneWish {
  /** Whole ids; every other condition then counts for these alone. */
  ids: readonly string[];
  /** The latest so many campaigns stay. */
  keep: number | undefined;
  /** Seconds since its end. */
  olderThanS: number | undefined;
  /** Only campaigns that ended with another exit code than 0. */
  failed: boolean;
}

export interface Chosen {
  chosen: ListedCampaign[];
  /** Meant, but not to be removed; with the reason in words. */
  passedOver: { id: string; reason: string }[];
}

/** Which of all campaigns (the earliest first) go. Never one that runs, or whose end is not settled. */
export function chooseForPruning(
  campaigns: readonly ListedCampaign[],
  { ids, keep, olderThanS, failed }: PruneWish,
  nowMs: number,
): Chosen {
  const meant = ids.length === 0 ? campaigns : campaigns.filter(({ id }) => ids.includes(id));
  const latest = new Set(keep ? campaigns.slice(-keep).map(({ id }) => id) : []);
  const chosen: ListedCampaign[] = [];
  const passedOver: Chosen['passedOver'] = [];
  for (const campaign of meant) {
    const { id, info } = campaign;
    if (latest.has(id)) continue;
    const reason = whyNot(campaign);
    if (reason !== undefined) {
      passedOver.push({ id, reason });
      continue;
    }
    if (failed && info.exit_code === 0) continue;
    if (olderThanS !== undefined && nowMs - Date.parse(info.ended_at ?? '') < olderThanS * 1000) continue;
    chosen.push(campaign);
  }
  return { chosen, passedOver };
}

function whyNot({ progress, info }: ListedCampaign): string | undefined {
  if (progress === 'running') return 'it runs';
  if (progress === 'unknown') return 'this user may not see whether it runs';
  if (progress === 'died') return 'it died, and the next start with the same --output has to settle it first';
  return info.settled ? undefined : 'something of it is left, and the next start has to settle it first';
}
