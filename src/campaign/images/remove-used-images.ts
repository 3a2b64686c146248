/** `--prune-images`: an image of this campaign goes as soon as none of its further jobs needs it. */
import { toMadError } from '../../foundation/error.ts';
import type { EventStream } from '../../foundation/event.ts';
import { sizeText } from '../../foundation/size-text.ts';
import { imageAtHand } from '../../image/pull.ts';
import type { ImageInfo } from '../../machine/engine/engine.ts';
import { imagesOfCampaign } from '../../record/campaign/campaign-images.ts';
import { sourceOf } from '../../run/image-source.ts';
import type { Job } from '../../run/job.ts';
import type { RunServices } from '../../run/run-services.ts';
import { fullName, inUse, removeImage } from './prune-images.ts';

/** `pulled`: what came from a registry and so can come again; `all`: what was built, too. */
export type ImagePolicy = 'pulled' | 'all';

export interface UsedImages {
  /** A job is over for good; its image goes when it was the last one. */
  over(job: Job, isGood: boolean): Promise<void>;
  stop(): void;
}

/** Undefined where there are no images. */
export async function removeUsedImages(
  policy: ImagePolicy,
  jobs: readonly Job[],
  services: RunServices,
  events: EventStream,
  isResumed: boolean,
): Promise<UsedImages | undefined> {
  const { engine, campaign, emit } = services;
  if (engine.kind === 'host') return undefined;
  const pulled = new Set(isResumed ? (await imagesOfCampaign(campaign.path)).pulled : []);
  const stop = events.listen((event) => {
    if (event.type === 'pull.ended' && event.status === 'SUCCESS') pulled.add(event.image);
  });
  const left = new Map<string, Set<Job>>();
  for (const job of jobs) left.set(keyOf(job), (left.get(keyOf(job)) ?? new Set()).add(job));
  const failed = new Set<string>();

  const remove = async (job: Job, key: string): Promise<void> => {
    const { image } = job;
    const info = await engine.inspect(imageAtHand(sourceOf(image)));
    if (!info || !(await isOurs(info, job))) return;
    const names = [image.docker_image, image.registry_image ?? '', ...pulled].filter((name) => name !== '');
    const own = new Set(names.map(fullName));
    const kept = (await inUse(info, engine)) ?? (await removeImage(info, own, engine));
    const size = `up to ${sizeText(info.bytes)}`;
    const message =
      kept === undefined
        ? `removed the image ${image.docker_image} (${size}): no further model needs it`
        : `the image ${image.docker_image} stays: ${kept}`;
    emit({
      type: 'notice',
      level: 'info',
      code: kept === undefined ? 'IMAGE_REMOVED' : 'IMAGE_KEPT',
      message,
    });
    failed.delete(key);
  };

  const isOurs = async (info: ImageInfo, job: Job): Promise<boolean> => {
    const references = [...info.repoDigests, ...info.tags.map(fullName)];
    if ([...pulled].some((name) => references.includes(fullName(name)))) return true;
    if (policy === 'pulled') return false;
    // One that is in no registry is all there is to look into, or to run again.
    if (failed.has(keyOf(job)) && !job.image.registry_digest) return false;
    return (await engine.listImages({ 'madengine.campaign': campaign.id })).includes(info.id);
  };

  return {
    async over(job, isGood) {
      const key = keyOf(job);
      const others = left.get(key);
      if (!isGood) failed.add(key);
      if (!others?.delete(job) || others.size > 0) return;
      await remove(job, key).catch((error: unknown) => {
        const message = `the image ${job.image.docker_image} stays: ${toMadError(error).message}`;
        emit({ type: 'notice', level: 'warning', code: 'IMAGE_KEPT', message });
      });
    },
    stop,
  };
}

/** Entries of a manifest may share an image. */
const keyOf = ({ image }: Job): string =>
  image.image_id || image.registry_digest || image.registry_image || image.docker_image;
