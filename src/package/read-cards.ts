import type { ModelCard } from './card.ts';
import { plainCard } from './plain-card.ts';

/** The cards of one file's list, see `parseCard`, and `plainCard` for `clean`; the schema is loaded only when one of them isn't plain. Throws INVALID_FILE. */
export async function readCards(
  models: readonly unknown[],
  file: string,
  dir: string | undefined,
  clean = false,
): Promise<ModelCard[]> {
  const cards = models.map((raw) => plainCard(raw, dir, clean));
  if (!cards.includes(undefined)) return cards as ModelCard[];
  const { parseCard } = await import('./card-schema.ts');
  return cards.map((card, index) => card ?? parseCard(models[index], { file, index }, dir));
}
