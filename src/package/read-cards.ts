import type { ModelCard } from './card.ts';
import { plainCard } from './plain-card.ts';

export interface CardList {
  models: readonly unknown[];
  /** Relative to the package. */
  file: string;
  /** `x` for `scripts/x/…`; undefined for the root. */
  dir: string | undefined;
  /** See `plainCard`. */
  clean?: boolean | undefined;
}

/**
 * What `keep` makes of each card of one file's list; whoever needs little of them holds little of them. The schema is
 * loaded only for a card that isn't plain. Throws INVALID_FILE.
 */
export async function readCards<T>(
  { models, file, dir, clean }: CardList,
  keep: (card: ModelCard, index: number) => T,
): Promise<T[]> {
  const kept: T[] = [];
  let schema: typeof import('./card-schema.ts') | undefined;
  for (let index = 0; index < models.length; index++) {
    const raw = models[index];
    let card = plainCard(raw, dir, clean);
    if (card === undefined) {
      schema ??= await import('./card-schema.ts');
      card = schema.parseCard(raw, { file, index }, dir);
    }
    kept.push(keep(card, index));
  }
  return kept;
}
