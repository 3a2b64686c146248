import type { ModelCard } from '../package/card.ts';
import { readCandidates } from './dockerfile.ts';

/** All keys by which Dockerfiles of these models ask for a context, whether they fit this one or not. */
export async function filterKeys(root: string, cards: readonly ModelCard[]): Promise<Set<string>> {
  const keys = new Set<string>();
  for (const card of cards) {
    for (const { context } of await readCandidates(root, card)) {
      for (const key of Object.keys(context ?? {})) keys.add(key);
    }
  }
  return keys;
}
