import { MadError } from '../foundation/error.ts';
import { nearestNames } from '../foundation/nearest-name.ts';
import type { FoundCard, ModelCard } from './card.ts';
import { quoted } from './package-path.ts';
import { argumentLines, printTag, type TagSelector } from './tag.ts';

/**
 * The cards that the tags name, with the tags' arguments appended to `args`; each model once per distinct arguments, in
 * the order of the tags, then of discovery. Throws MODEL_NOT_FOUND for a tag that names nothing; its hint ends with what
 * `allOf` says of all models that there are.
 */
export function selectCards(
  found: readonly FoundCard[],
  selectors: readonly TagSelector[],
  allOf: (names: readonly string[]) => string = ({ length }) =>
    `\`madengine discover\` lists all ${length} models.`,
): ModelCard[] {
  const chosen = new Map<string, ModelCard>();
  for (const selector of selectors) {
    const { cards, lines } = matching(found, selector, allOf);
    for (const card of cards) {
      for (const line of lines) {
        const args = `${card.args}${line}`.trim();
        const key = `${card.name}\0${args}`;
        if (!chosen.has(key)) chosen.set(key, args === card.args ? card : { ...card, args });
      }
    }
  }
  return [...chosen.values()];
}

function matching(
  found: readonly FoundCard[],
  selector: TagSelector,
  allOf: (names: readonly string[]) => string,
): { cards: ModelCard[]; lines: string[] } {
  for (const reading of readingsOf(selector)) {
    const cards = found.flatMap(({ card }) => (matches(card, reading) ? card : []));
    if (cards.length > 0) return { cards, lines: argumentLines(reading.arguments) };
  }
  throw nothingFound(found, selector, allOf);
}

/** `a:b` names model `b` of folder `a`, or, where there is none, model `a` with the flag `--b`. */
function readingsOf(selector: TagSelector): TagSelector[] {
  if (selector.scope === undefined || selector.joint === '/') return [selector];
  const flag = { key: selector.target, values: [] };
  return [
    selector,
    { scope: undefined, joint: '/', target: selector.scope, arguments: [flag, ...selector.arguments] },
  ];
}

function matches(card: ModelCard, { scope, target }: TagSelector): boolean {
  if (scope === undefined) return target === 'all' || card.name === target || card.tags.includes(target);
  if (!card.name.startsWith(`${scope}/`)) return false;
  return target === 'all' || card.name === `${scope}/${target}` || card.tags.includes(target);
}

function nothingFound(
  found: readonly FoundCard[],
  selector: TagSelector,
  allOf: (names: readonly string[]) => string,
): MadError {
  const typed = printTag(selector);
  const wanted = selector.scope === undefined ? selector.target : `${selector.scope}/${selector.target}`;
  const names = found.map(({ card }) => card.name);
  const tags = found.flatMap(({ card }) => card.tags);
  const scoped = names.filter((name) => name.endsWith(`/${selector.target}`)).slice(0, 3);
  const near = [...new Set([...scoped, ...nearestNames(wanted, [...names, ...tags])])].slice(0, 3);
  return new MadError('MODEL_NOT_FOUND', `Tag ${quoted(typed)} matches no model.`, {
    hint: `${near.length > 0 ? `Did you mean ${near.join(', ')}? ` : ''}${allOf(names)}`,
  });
}
