import { MadError } from '../foundation/error.ts';
import type { FoundCard, ModelCard } from './card.ts';
import { type DiscoveryOptions, discoverCards } from './discovery.ts';
import { readCards } from './read-cards.ts';
import { selectCards } from './selection.ts';
import { parseTags } from './tag.ts';

/**
 * The models of the package that the tags name, ready to build: discovered, selected, and, where a Python hook put it
 * off, updated. Throws what discovery, tags and selection throw.
 */
export async function chooseModels(
  options: DiscoveryOptions & { tags: readonly string[] },
): Promise<ModelCard[]> {
  const selectors = parseTags(options.tags);
  const found = await discoverCards(options);
  return updateSelected(found, selectCards(found, selectors), options);
}

/** Runs `update_model` of the selected models that have one, once each; the arguments of the tags stay behind the card's. */
export async function updateSelected(
  found: readonly FoundCard[],
  selected: readonly ModelCard[],
  options: DiscoveryOptions,
): Promise<ModelCard[]> {
  const names = new Set(selected.map(({ name }) => name));
  const waiting = found.filter(({ card, lazy }) => lazy && names.has(card.name));
  if (waiting.length === 0) return [...selected];
  const files = Map.groupBy(waiting, ({ origin }) => origin.file);
  const updated = new Map<string, ModelCard>();
  for (const [file, cards] of files) {
    for (const card of await updatedCards(file, cards, options)) updated.set(card.name, card);
  }
  const before = new Map(waiting.map(({ card }) => [card.name, card]));
  return selected.map((card) => {
    const card2 = updated.get(card.name);
    const original = before.get(card.name);
    if (!card2 || !original) return card;
    return { ...card2, args: `${card2.args}${argumentsOfTag(card, original)}`.trim() };
  });
}

const argumentsOfTag = (selected: ModelCard, original: ModelCard): string => {
  const added = selected.args.slice(original.args.trim().length).trim();
  return added === '' ? '' : ` ${added}`;
};

async function updatedCards(
  file: string,
  waiting: readonly FoundCard[],
  options: DiscoveryOptions,
): Promise<ModelCard[]> {
  const dir = file.split('/')[1] ?? '';
  const shortNames = waiting.map(({ card }) => card.name.slice(dir.length + 1));
  const { runPythonHook } = await import('./python-hook.ts');
  const { models } = await runPythonHook(file, options, shortNames);
  const cards = await readCards({ models, file, dir }, (card) => card);
  const missing = waiting.find(({ card }) => !cards.some(({ name }) => name === card.name));
  if (!missing) return cards;
  throw new MadError('HOOK_FAILED', `${file} lists ${missing.card.name} at one time and not at another.`, {
    hint: 'list_models() has to give the same models each time.',
  });
}
