import type { BuildManifest } from '../../manifest/manifest-schema.ts';
import type { ModelCard } from '../../package/card.ts';
import { chooseModels } from '../../package/choose-models.ts';
import { cardToManifest } from '../../package/manifest-card.ts';
import type { Surroundings } from '../options.ts';

/**
 * Old manifests may hold images alone: their models are then those of the package in the current folder whose names
 * stand in the images' names (v1-formats, 7). A manifest that has models is returned as it is.
 */
export async function withRediscoveredModels(
  manifest: BuildManifest,
  manifestFile: string,
  around: Surroundings,
): Promise<BuildManifest> {
  const images = Object.keys(manifest.built_images);
  if (images.length === 0 || Object.keys(manifest.built_models).length > 0) return manifest;
  const { cwd: root, runner, events, signal, env } = around;
  const cards = await chooseModels({ root, tags: ['all'], runner, emit: events.emit, signal, env });
  events.emit({
    type: 'notice',
    level: 'warning',
    code: 'MODELS_REDISCOVERED',
    message: `${manifestFile} has no built_models: taking the models of the package here by the names of the images`,
    hint: 'Build again with madengine-cli build, which writes them.',
  });
  const found = images.flatMap((image) => {
    const card = cardOfImage(image, cards);
    return card ? [[image, { ...cardToManifest(card), name: card.name }] as const] : [];
  });
  return { ...manifest, built_models: Object.fromEntries(found) };
}

/** The longest name that fits: `bert_large` and not `bert`. */
function cardOfImage(image: string, cards: readonly ModelCard[]): ModelCard | undefined {
  const fitting = cards.filter(({ name }) =>
    image.toLowerCase().includes(name.replaceAll('/', '_').toLowerCase()),
  );
  return fitting.toSorted((a, b) => b.name.length - a.name.length)[0];
}
