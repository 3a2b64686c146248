/** Which images a campaign needed, built and pulled, from what lies in its folder. */
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MadError } from '../../foundation/error.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { readPlanned } from './campaign-inputs.ts';
import { readJournal } from './journal.ts';

export interface CampaignImages {
  /** Names that it built or pushed to, or that its jobs have. */
  names: Set<string>;
  /** `sha256:…` of images and of their registry manifests. */
  digests: Set<string>;
  /** References as they were pulled. */
  pulled: Set<string>;
}

export async function imagesOfCampaign(folder: string): Promise<CampaignImages> {
  const images: CampaignImages = { names: new Set(), digests: new Set(), pulled: new Set() };
  for (const entry of await readJournal(join(folder, 'journal.ndjson'))) {
    if (entry.act === 'image.build') images.names.add(entry.image);
    if (entry.act === 'image.push') images.names.add(entry.registry_image);
  }
  const planned = await readPlanned(folder).catch((error: unknown) => {
    if (error instanceof MadError) return undefined;
    throw error;
  });
  for (const { image } of planned?.jobs ?? []) {
    addTexts(images.names, image.docker_image, image.registry_image);
    addTexts(images.digests, image.image_id, image.registry_digest);
  }
  await readEvents(join(folder, 'events.ndjson'), images);
  return images;
}

function addTexts(to: Set<string>, ...values: readonly unknown[]): void {
  for (const value of values) if (typeof value === 'string' && value !== '') to.add(value);
}

const telling = /"type":"(?:pull|build|push)\.ended"/;

async function readEvents(path: string, images: CampaignImages): Promise<void> {
  // Who shares a results root may have laid a pipe there.
  if (!(await lstat(path).catch(() => undefined))?.isFile()) return;
  try {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      if (!telling.test(line)) continue;
      const { type, status, image, image_id, digest } = parsed(line);
      if (status !== 'SUCCESS') continue;
      if (type === 'pull.ended') addTexts(images.pulled, image);
      addTexts(images.digests, image_id, digest);
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function parsed(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    // Half a line of a process that died.
    return {};
  }
}
