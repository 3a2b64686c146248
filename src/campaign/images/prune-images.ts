/** Images of campaigns that are gone: those that they built or pulled and that nothing else is known to need. */
import { toMadError } from '../../foundation/error.ts';
import type { Engine, ImageInfo } from '../../machine/engine/engine.ts';
import type { CampaignImages } from '../../record/campaign/campaign-images.ts';

export interface PrunedImage {
  id: string;
  /** Its names and references; '' in none. */
  name: string;
  /** What it takes at most: layers may be in other images, too. */
  bytes: number;
  /** Why it stays, in words; undefined for one that went, or would go. */
  kept: string | undefined;
}

export interface ImagesToPrune {
  engine: Engine;
  /** Campaigns that go, by id. */
  gone: ReadonlyMap<string, CampaignImages>;
  /** Campaigns that stay. */
  kept: readonly CampaignImages[];
  dryRun: boolean;
  signal: AbortSignal;
}

export async function pruneImages(work: ImagesToPrune): Promise<PrunedImage[]> {
  const { engine, gone, signal } = work;
  if (engine.kind === 'host') return [];
  const own = new Set([...gone.values()].flatMap(({ names, pulled }) => [...names, ...pulled]).map(fullName));
  const candidates = new Map<string, ImageInfo>();
  for (const [campaign, { pulled }] of gone) {
    const built = await engine.listImages({ 'madengine.campaign': campaign });
    for (const name of [...built, ...pulled]) {
      if (signal.aborted) return [];
      const info = await engine.inspect(name);
      if (info) candidates.set(info.id, info);
    }
  }
  const pruned: PrunedImage[] = [];
  for (const info of candidates.values()) {
    if (signal.aborted) break;
    const reason = neededBy(info, work.kept) ?? (await inUse(info, engine));
    const kept = reason ?? (work.dryRun ? otherNames(info, own) : await removeImage(info, own, engine));
    pruned.push({ id: info.id, name: nameOf(info), bytes: info.bytes, kept });
  }
  return pruned;
}

/** An image that nobody uses any more, by the names that are ours; returns why it stays, when it does. */
export async function removeImage(
  info: ImageInfo,
  own: ReadonlySet<string>,
  engine: Engine,
): Promise<string | undefined> {
  try {
    const foreign = otherNames(info, own);
    for (const tag of info.tags) if (own.has(fullName(tag))) await engine.removeImage(tag);
    if (foreign !== undefined) return foreign;
    for (const name of [...info.repoDigests, info.id]) {
      if (await engine.inspect(name)) await engine.removeImage(name);
    }
    return undefined;
  } catch (error) {
    return toMadError(error).message;
  }
}

export async function inUse({ id }: ImageInfo, engine: Engine): Promise<string | undefined> {
  const users = await engine.imageUsers(id);
  return users.length === 0 ? undefined : `a container uses it (${users[0]?.slice(0, 12)})`;
}

function otherNames({ tags, repoDigests }: ImageInfo, own: ReadonlySet<string>): string | undefined {
  const repositories = new Set([...own].map(repositoryOf));
  const others = [
    ...tags.filter((tag) => !own.has(fullName(tag))),
    ...repoDigests.filter((name) => !repositories.has(repositoryOf(name))),
  ];
  return others.length === 0 ? undefined : `it is ${others.join(', ')}, too`;
}

function neededBy(info: ImageInfo, kept: readonly CampaignImages[]): string | undefined {
  const digests = [info.id, ...info.repoDigests.map((digest) => digest.split('@')[1] ?? '')];
  const names = info.tags.map(fullName);
  const needs = kept.some(
    (campaign) =>
      digests.some((digest) => campaign.digests.has(digest)) ||
      [...campaign.names, ...campaign.pulled].some((name) => names.includes(fullName(name))),
  );
  return needs ? 'a campaign that stays names it' : undefined;
}

const nameOf = ({ tags, repoDigests }: ImageInfo): string => tags[0] ?? repoDigests[0] ?? '';

const repositoryOf = (reference: string): string =>
  fullName(reference.split('@')[0] ?? '').replace(/:[^/:]*$/, '');

/** With its tag, and as podman has it without a registry. */
export function fullName(reference: string): string {
  if (reference.includes('@')) return reference;
  const name = reference.replace(/^localhost\//, '').replace(/^docker\.io\/(?:library\/)?/, '');
  return /:[^/]*$/.test(name) ? name : `${name}:latest`;
}
