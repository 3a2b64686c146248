import { expect, test } from 'vitest';
import type { ListedCampaign } from './campaign-list.ts';
import { chooseForPruning, type PruneWish } from './choose-for-pruning.ts';

const day = 86_400_000;
const now = Date.parse('2026-01-31T00:00:00Z');

/** Ended that many days ago. */
function campaign(id: string, days: number, changes: Partial<ListedCampaign['info']> = {}): ListedCampaign {
  const ended_at = new Date(now - days * day).toISOString();
  const info = { id, exit_code: 0, ended_at, settled: true, ...changes } as ListedCampaign['info'];
  const progress = info.ended_at === null ? 'running' : 'ended';
  return { id, path: `/${id}`, info, progress, counts: undefined, durationS: undefined };
}

const all = [campaign('a', 40), campaign('b', 20, { exit_code: 3 }), campaign('c', 10), campaign('d', 1)];

const chosen = (wish: Partial<PruneWish>, campaigns = all): string[] =>
  chooseForPruning(
    campaigns,
    { ids: [], keep: undefined, olderThanS: undefined, failed: false, ...wish },
    now,
  ).chosen.map(({ id }) => id);

test('the latest are kept, the old ones go, the failed ones alone, and all rules have to hold', () => {
  expect(chosen({ keep: 3 })).toEqual(['a']);
  expect(chosen({ keep: 0 })).toEqual(['a', 'b', 'c', 'd']);
  expect(chosen({ olderThanS: 15 * 86_400 })).toEqual(['a', 'b']);
  expect(chosen({ failed: true })).toEqual(['b']);
  expect(chosen({ failed: true, olderThanS: 30 * 86_400 })).toEqual([]);
  expect(chosen({ ids: ['c', 'd'] })).toEqual(['c', 'd']);
  expect(chosen({ ids: ['c', 'd'], keep: 1 })).toEqual(['c']);
});

test('one that runs, died or is not settled is passed over, with the reason', () => {
  const died: ListedCampaign = { ...campaign('e', 1, { ended_at: null }), progress: 'died' };
  const hidden: ListedCampaign = { ...died, progress: 'unknown' };
  const campaigns = [
    ...[campaign('f', 1, { ended_at: null }), died, hidden],
    campaign('g', 1, { settled: false }),
  ];
  const wish = { ids: [], keep: 0, olderThanS: undefined, failed: false };
  const { chosen, passedOver } = chooseForPruning(campaigns, wish, now);
  expect(chosen).toEqual([]);
  expect(passedOver.map(({ reason }) => reason)).toEqual([
    'it runs',
    expect.stringContaining('died'),
    expect.stringContaining('may not see'),
    expect.stringContaining('is left'),
  ]);
});
