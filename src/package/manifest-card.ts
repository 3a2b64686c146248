/** Cards in `built_models` of a build manifest. No schema is loaded for them: a manifest was checked when it was read. */
import { MadError } from '../foundation/error.ts';
import { type ModelCard, withoutPassword } from './card.ts';
import {
  described,
  extraOf,
  gpuCountOf,
  listText,
  ownKeySet,
  ownKeys,
  secondsOf,
  splitList,
} from './card-field.ts';
import { controlCharacters, packagePath } from './package-path.ts';

/**
 * A card from an entry of `built_models`. Manifests of both reference versions hold whole or reduced cards, so missing
 * keys and wrong types become defaults; only what could leave a folder or break a line is refused (INVALID_FILE).
 */
export function cardFromManifest(entry: Record<string, unknown>): ModelCard {
  const text = (key: string): string => {
    const value = entry[key];
    const found = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
    if (controlCharacters.test(found)) throw manifestError(entry, key, 'text on one line', found);
    return found;
  };
  const path = (key: string): string => {
    const value = text(key);
    const found = value === '' ? '' : packagePath(value);
    if (found === undefined) throw manifestError(entry, key, 'a relative path inside the package', value);
    return found;
  };
  const name = text('name');
  if (
    name === '' ||
    name.length > 512 ||
    name.split('/').some((part) => part === '' || part.includes('..'))
  ) {
    throw manifestError(entry, 'name', 'the name of a model', name);
  }
  return {
    name,
    dockerfile: path('dockerfile'),
    dockercontext: path('dockercontext'),
    scripts: path('scripts'),
    url: text('url'),
    cred: text('cred'),
    data: text('data'),
    n_gpus: gpuCountOf(entry),
    owner: text('owner'),
    training_precision: text('training_precision'),
    tags: splitList(entry.tags),
    args: text('args'),
    timeout: secondsOf(entry.timeout),
    multiple_results: path('multiple_results'),
    skip_gpu_arch: listText(entry.skip_gpu_arch),
    additional_docker_run_options: text('additional_docker_run_options'),
    is_deprecated: entry.is_deprecated === true || entry.deprecated === true,
    exclusive: entry.exclusive === true,
    extra: extraOf(entry),
  };
}

function manifestError(
  entry: Record<string, unknown>,
  key: string,
  expected: string,
  found: string,
): MadError {
  return new MadError(
    'INVALID_FILE',
    `Build manifest, built_models, ${described(entry.name)}, key ${key}: expected ${expected}, found ${described(found)}.`,
    { hint: 'Build the manifest anew, or correct that entry.' },
  );
}

const alwaysInManifest: ReadonlySet<string> = new Set([
  'name',
  'dockerfile',
  'scripts',
  'n_gpus',
  'owner',
  'training_precision',
  'tags',
  'args',
]);

/** The card as `built_models` holds it: the reference's keys first, then what the card's file held besides. */
export function cardToManifest(card: ModelCard): Record<string, unknown> {
  const own = ownKeys
    .filter((key) => alwaysInManifest.has(key) || (card[key] ?? '') !== '')
    .filter((key) => card[key] !== false)
    .map((key): [string, unknown] => [key, key === 'url' ? withoutPassword(card.url) : card[key]]);
  return { ...Object.fromEntries(own), ...withoutOwnKeys(card.extra) };
}

/** The card with all its fields, whatever they hold, and what its file held besides. */
export function wholeCard(card: ModelCard): Record<string, unknown> {
  // Each key by name, which is much faster than going through the keys.
  const own: Record<(typeof ownKeys)[number], unknown> = {
    name: card.name,
    dockerfile: card.dockerfile,
    dockercontext: card.dockercontext,
    scripts: card.scripts,
    url: card.url,
    cred: card.cred,
    data: card.data,
    n_gpus: card.n_gpus,
    owner: card.owner,
    training_precision: card.training_precision,
    tags: card.tags,
    args: card.args,
    timeout: card.timeout,
    multiple_results: card.multiple_results,
    skip_gpu_arch: card.skip_gpu_arch,
    additional_docker_run_options: card.additional_docker_run_options,
    is_deprecated: card.is_deprecated,
    exclusive: card.exclusive,
  };
  return Object.keys(card.extra).length === 0 ? own : { ...own, ...withoutOwnKeys(card.extra) };
}

const withoutOwnKeys = (extra: ModelCard['extra']): Record<string, unknown> =>
  Object.fromEntries(Object.entries(extra).filter(([key]) => !ownKeySet.has(key)));
