/** `runs prune`: removes folders of campaigns that are over and, where asked, the images that only those had. */
import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { type Engine, type EngineKind, engineKinds } from '../../machine/engine/engine.ts';
import { openEngine } from '../../machine/engine/open-engine.ts';
import { campaignsFolder } from '../../record/campaign/campaign-folder.ts';
import { type CampaignImages, imagesOfCampaign } from '../../record/campaign/campaign-images.ts';
import { campaignIds, type ListedCampaign, listCampaigns } from '../../record/campaign/campaign-list.ts';
import { chooseForPruning, type PruneWish } from '../../record/campaign/choose-for-pruning.ts';
import { readJournal } from '../../record/campaign/journal.ts';
import {
  bytesIn,
  eraseHidden,
  hiddenCampaigns,
  hideCampaign,
  whilePruning,
} from '../../record/campaign/remove-campaign.ts';
import { stateFolderIfThere } from '../../record/campaign/state-folder.ts';
import type { Surroundings } from '../options.ts';
import { neededElsewhere } from './needed-elsewhere.ts';
import { type PrunedImage, pruneImages } from './prune-images.ts';

export interface PruneOptions {
  resultsRoot: string;
  wish: PruneWish;
  /** The engine whose images go, too. */
  images: EngineKind | undefined;
  dryRun: boolean;
}

export interface Pruned {
  /** Removed, or with `dryRun` what would be. */
  campaigns: { campaign: ListedCampaign; bytes: number }[];
  images: PrunedImage[];
  /** Campaigns that were meant and stay. */
  passedOver: { id: string; reason: string }[];
  /** Set when files of removed campaigns are left. */
  problem: MadError | undefined;
}

/** Rows of `perf.csv` stay. Killed at any moment, it leaves whole campaigns, and the next call does the rest. */
export async function pruneCampaigns(options: PruneOptions, around: Surroundings): Promise<Pruned> {
  if (!stateFolderIfThere(options.resultsRoot)) {
    return { campaigns: [], images: [], passedOver: [], problem: undefined };
  }
  const act = (): Promise<Pruned> => prune(options, around);
  return options.dryRun ? act() : whilePruning(options.resultsRoot, around, act);
}

async function prune(options: PruneOptions, around: Surroundings): Promise<Pruned> {
  const { resultsRoot, dryRun } = options;
  const { clock, signal } = around;
  const { campaigns, unreadable } = await listCampaigns(resultsRoot);
  const { chosen, passedOver } = chooseForPruning(campaigns, options.wish, clock.now().getTime());
  for (const { id, reason } of unreadable) passedOver.push({ id, reason: `it can't be read: ${reason}` });
  const pruned: Pruned = { campaigns: [], images: [], passedOver, problem: undefined };
  const engine = options.images && (await openEngine(options.images, around.runner));
  // Before anything goes: with an engine that is down, images would be left that nobody knows of any more.
  if (engine) await engine.version();
  const leftBehind = await hiddenCampaigns(resultsRoot);
  for (const campaign of chosen) {
    if (signal.aborted) break;
    const bytes = await bytesIn(campaign.path);
    const reason =
      (await keptAlive(campaign, around)) ?? (dryRun ? undefined : await hidden(campaign, options));
    if (reason === undefined) pruned.campaigns.push({ campaign, bytes });
    else passedOver.push({ id: campaign.id, reason });
  }
  if (engine) pruned.images = await imagesOf(pruned, leftBehind, engine, options, around);
  if (!dryRun && !signal.aborted) pruned.problem = await problemOf(eraseHidden(resultsRoot));
  return pruned;
}

async function hidden({ id }: ListedCampaign, { resultsRoot }: PruneOptions): Promise<string | undefined> {
  try {
    return await hideCampaign(resultsRoot, id);
  } catch (error) {
    if (error instanceof MadError) return error.message;
    throw error;
  }
}

async function imagesOf(
  { campaigns }: Pruned,
  leftBehind: readonly { id: string; path: string }[],
  engine: Engine,
  { resultsRoot, dryRun }: PruneOptions,
  { signal }: Surroundings,
): Promise<PrunedImage[]> {
  const gone = new Map<string, CampaignImages>();
  const paths = dryRun
    ? [...leftBehind, ...campaigns.map(({ campaign: { id, path } }) => ({ id, path }))]
    : await hiddenCampaigns(resultsRoot);
  for (const { id, path } of paths) gone.set(id, await imagesOfCampaign(path));
  // Those that can't be read, too: as far as they tell what they need, it stays.
  const kept: CampaignImages[] = [];
  for (const id of await campaignIds(resultsRoot)) {
    if (!gone.has(id)) kept.push(await imagesOfCampaign(join(campaignsFolder(resultsRoot), id)));
  }
  kept.push(...(await neededElsewhere(engine, resultsRoot)));
  return pruneImages({ engine, gone, kept, dryRun, signal });
}

/** Containers of `--keep-alive` have their folders in the campaign's. */
async function keptAlive({ path }: ListedCampaign, { runner }: Surroundings): Promise<string | undefined> {
  const entries = await readJournal(join(path, 'journal.ndjson'));
  const names = new Set(entries.flatMap((entry) => (entry.act === 'container.keep' ? [entry.name] : [])));
  if (names.size === 0) return undefined;
  const used = new Set(entries.flatMap((entry) => (entry.act === 'container.create' ? [entry.engine] : [])));
  for (const kind of engineKinds.filter((one) => used.has(one))) {
    const engine = await openEngine(kind, runner);
    const [still] = (await engine.list({ 'madengine.keep': 'true' })).filter(({ name }) => names.has(name));
    if (still) return `its container ${still.name} was kept and is still there`;
  }
  return undefined;
}

const problemOf = (act: Promise<void>): Promise<MadError | undefined> =>
  act.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof MadError) return error;
      throw error;
    },
  );
