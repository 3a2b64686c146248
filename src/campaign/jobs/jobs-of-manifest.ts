import { MadError } from '../../foundation/error.ts';
import type { BuildManifest } from '../../manifest/manifest-schema.ts';
import type { FoundCard } from '../../package/card.ts';
import { cardFromManifest } from '../../package/manifest-card.ts';
import { selectCards } from '../../package/selection.ts';
import { parseTags } from '../../package/tag.ts';
import { type Job, makeJob } from '../../run/job.ts';

/**
 * The jobs of a manifest, in its order, or in the order of the tags that choose from it. Throws MODEL_NOT_FOUND for a
 * tag that fits none, NO_FITTING_IMAGE for a manifest without images.
 */
export function jobsOf(manifest: BuildManifest, manifestFile: string, tags: readonly string[]): Job[] {
  const all = Object.entries(manifest.built_images).map(([key, image]) =>
    makeJob(cardFromManifest(manifest.built_models[key] ?? { name: key }), key, image),
  );
  if (all.length === 0) {
    throw new MadError('NO_FITTING_IMAGE', `${manifestFile} holds no image to run`, {
      hint: 'Build some with `madengine-cli build --tags …`.',
    });
  }
  const selectors = parseTags(tags);
  if (selectors.length === 0) return all;
  const byName = new Map<string, Job[]>();
  for (const job of all) byName.set(job.card.name, [...(byName.get(job.card.name) ?? []), job]);
  // Jobs of one model may differ in their arguments; those of a tag come behind the ones of each.
  const found: FoundCard[] = [...byName.values()].flatMap((jobs) =>
    jobs.slice(0, 1).map(({ card }, index) => ({
      card: { ...card, args: '' },
      origin: { file: 'the manifest', index },
    })),
  );
  return selectCards(found, selectors, modelsOf).flatMap(({ name, args }) =>
    (byName.get(name) ?? []).map(({ card, imageName, image }) =>
      makeJob(args === '' ? card : { ...card, args: `${card.args} ${args}`.trim() }, imageName, image),
    ),
  );
}

const shownNames = 10;

function modelsOf(names: readonly string[]): string {
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : '';
  return `The manifest has ${names.slice(0, shownNames).join(', ')}${more}.`;
}
