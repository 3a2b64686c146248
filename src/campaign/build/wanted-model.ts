/** What a build was asked for: models by tags, or by the entries of a batch manifest. */
import { resolve } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { parseImageReference, printImageReference, registryImage } from '../../image/reference.ts';
import { bareRegistry, isDockerHub } from '../../image/registry-entry.ts';
import type { BatchEntry } from '../../manifest/batch-schema.ts';
import { cardLabel, type FoundCard, type ModelCard } from '../../package/card.ts';
import { updateSelected } from '../../package/choose-models.ts';
import { discoverCards } from '../../package/discovery.ts';
import { cardFromManifest } from '../../package/manifest-card.ts';
import { selectCards } from '../../package/selection.ts';
import { parseTags } from '../../package/tag.ts';
import type { BuildOptions, Surroundings } from '../options.ts';
import { type Access, chooseCards } from '../prepare.ts';

export interface WantedModel {
  card: ModelCard;
  /** false: an image that is there already, and is pulled by the run. */
  build: boolean;
  /** Where its images go, or lie; undefined: only on this machine. */
  registry: string | undefined;
  /** The whole name there, from a batch entry. */
  registryImage?: string;
}

/** Throws what tags, discovery and the batch manifest throw. */
export async function chooseWanted(
  options: BuildOptions,
  access: Access,
  around: Surroundings,
): Promise<WantedModel[]> {
  const { batchManifest, registry, tags } = options;
  if (batchManifest !== undefined) return wantedByBatch(batchManifest, registry, access, around);
  const cards = await chooseCards(tags, around);
  return cards.map((card) => ({ card, build: true, registry }));
}

async function wantedByBatch(
  file: string,
  registry: string | undefined,
  access: Access,
  around: Surroundings,
): Promise<WantedModel[]> {
  // Its schema is loaded for nobody else.
  const { readBatch } = await import('../../manifest/read-batch.ts');
  const entries = await readBatch(resolve(around.cwd, file));
  for (const [index, entry] of entries.entries()) checkNames(entry, `${file}: [${index}]`, access);
  const discovery = {
    root: around.cwd,
    runner: around.runner,
    emit: around.events.emit,
    signal: around.signal,
    env: around.env,
  };
  const found = await discoverCards(discovery);
  const chosen = entries.map((entry, index) => cardsOf(entry, `${file}: [${index}]`, found, around));
  const updated = await updateSelected(found, chosen.flat(), discovery);
  let position = 0;
  const wanted = entries.flatMap((entry, index) =>
    (chosen[index] ?? []).map((): WantedModel => {
      const card = updated[position++];
      if (!card) throw new Error('fewer cards came back than were chosen');
      return {
        card,
        build: entry.build_new,
        registry: entry.registry ?? registry,
        ...(entry.registry_image === undefined ? {} : { registryImage: wholeName(entry) }),
      };
    }),
  );
  refuseTwice(wanted, file);
  around.events.emit({ type: 'models.selected', models: wanted.map(({ card }) => cardLabel(card)) });
  return wanted;
}

/** References that make no sense are told before anything is looked for. */
function checkNames(entry: BatchEntry, where: string, { credentials }: Access): void {
  const inFile = (key: string, act: () => unknown): void => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof MadError)) throw error;
      throw new MadError('INVALID_FILE', `${where}.${key}: ${error.message}`, hintOf(error));
    }
  };
  inFile('model_name', () => parseTags([entry.model_name]));
  if (entry.registry !== undefined)
    inFile('registry', () => registryImage(entry.registry ?? '', credentials, 'x'));
  inFile('registry_image', () => {
    const name = wholeName(entry);
    if (entry.build_new && name.includes('@')) {
      throw new MadError('INVALID_FILE', 'nothing can be pushed to a digest', {
        hint: 'Name a tag for an image that is to be built.',
      });
    }
  });
}

const hintOf = ({ hint }: MadError): { hint?: string } => (hint === undefined ? {} : { hint });

/** A `registry_image` without a host lies in the entry's own registry. */
function wholeName({ registry, registry_image: image }: BatchEntry): string {
  if (image === undefined) return '';
  const { host } = parseImageReference(image);
  return host === undefined && registry !== undefined && !isDockerHub(bareRegistry(registry))
    ? printImageReference(parseImageReference(`${bareRegistry(registry)}/${image}`))
    : image;
}

function cardsOf(
  entry: BatchEntry,
  where: string,
  found: readonly FoundCard[],
  around: Surroundings,
): ModelCard[] {
  try {
    return selectCards(found, parseTags([entry.model_name]));
  } catch (error) {
    if (!(error instanceof MadError) || error.code !== 'MODEL_NOT_FOUND') throw error;
    const message = `${where}.model_name: ${error.message}`;
    if (entry.build_new) throw new MadError('MODEL_NOT_FOUND', message, hintOf(error));
    around.events.emit({
      type: 'notice',
      level: 'warning',
      code: 'MINIMAL_CARD',
      message: `${message} Its image stands in the manifest with a minimal card.`,
      ...hintOf(error),
    });
    const { model_name: name } = entry;
    return [cardFromManifest({ name, scripts: `scripts/${name}/run.sh`, n_gpus: '1' })];
  }
}

function refuseTwice(wanted: readonly WantedModel[], file: string): void {
  const seen = new Set<string>();
  for (const { card } of wanted) {
    const label = cardLabel(card);
    if (seen.has(label)) {
      throw new MadError('INVALID_FILE', `${file}: two entries choose the model ${label}`, {
        hint: 'Name each model by one entry.',
      });
    }
    seen.add(label);
  }
}
