import { isAscii } from 'node:buffer';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MadError } from '../foundation/error.ts';
import type { Emit } from '../foundation/event.ts';
import { parseJson } from '../foundation/file/json-file.ts';
import { nearestNames } from '../foundation/nearest-name.ts';
import type { FoundCard } from './card.ts';
import { knownCardKeys } from './card-field.ts';
import type { HookAnswer, HookOptions } from './hook-process.ts';
import { readPackageBytes } from './json-file.ts';
import { controlCharacters, quoted } from './package-path.ts';
import { readCards } from './read-cards.ts';

export type DiscoveryOptions = HookOptions;

/** A file that holds or makes model cards. */
export interface CardSource {
  /** Relative to the package. */
  file: string;
  /** `x` for `scripts/x/…`; undefined for the root. */
  dir: string | undefined;
  kind: 'json' | 'python' | 'script';
}

const kinds: Readonly<Record<string, CardSource['kind']>> = {
  'models.json': 'json',
  'get_models_json.py': 'python',
  'get_models_json.mjs': 'script',
  'get_models_json.js': 'script',
  'get_models_json.ts': 'script',
};

/** Hooks that run at the same time; each is an interpreter that starts. */
const hooksAtOnce = 4;

/**
 * Every model card of the package: the root's `models.json` first, then the folders of `scripts/` in the order of their
 * names, each in its file's order. Throws PACKAGE_NOT_FOUND, INVALID_FILE, HOOK_FAILED, PYTHON_NOT_FOUND.
 */
export const discoverCards = (options: DiscoveryOptions): Promise<FoundCard[]> =>
  discover(options, (found) => found);

/** The same, of which only what `keep` makes of each card is held. */
export async function discover<T>(options: DiscoveryOptions, keep: (found: FoundCard) => T): Promise<T[]> {
  const sources = await findCardSources(options.root);
  if (sources.length === 0) {
    throw new MadError('PACKAGE_NOT_FOUND', `${options.root} is no MAD package: it has no models.json.`, {
      hint: 'Go to the folder that holds models.json and scripts/, or name it: MODEL_DIR=/path/to/package madengine …',
    });
  }
  const read = (source: CardSource): Promise<SourceContent<T>> => readSource(source, options, keep);
  // Files first: a mistake in one of them needs no hook to be found.
  const files = await inGroups(sources.filter(isFile), 1, read);
  const hooks = await inGroups(
    sources.filter((source) => !isFile(source)),
    hooksAtOnce,
    read,
  );
  const contents = sources.flatMap((source) => (isFile(source) ? files : hooks).shift() ?? []);
  tellUnknownKeys(contents, options.emit);
  return contents.flatMap(({ kept }) => kept);
}

const isFile = (source: CardSource): boolean => source.kind === 'json';

/** The files of a package that hold model cards. Throws INVALID_FILE for a folder with more than one. */
export async function findCardSources(root: string): Promise<CardSource[]> {
  const atRoot: CardSource = { file: 'models.json', dir: undefined, kind: 'json' };
  const dirs = await namesIn(join(root, 'scripts'));
  const inDirs = await Promise.all(dirs.map((dir) => sourceIn(root, dir)));
  const sources = inDirs.filter((source) => source !== undefined);
  return (await namesIn(root)).includes('models.json') ? [atRoot, ...sources] : sources;
}

/** Sorted by code unit, so that the order is the same everywhere; nothing for what is no folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return [];
    throw error;
  }
}

async function sourceIn(root: string, dir: string): Promise<CardSource | undefined> {
  const folder = `scripts/${dir}`;
  const names = (await namesIn(join(root, folder))).filter((name) => Object.hasOwn(kinds, name));
  const [name, second] = names;
  const kind = name === undefined ? undefined : kinds[name];
  if (name === undefined || kind === undefined) return undefined;
  if (second !== undefined) {
    throw new MadError(
      'INVALID_FILE',
      `${folder} holds ${names.join(' and ')}: only one of them can stand.`,
      {
        hint: 'Remove one, or move its models to a folder of their own.',
      },
    );
  }
  if (/[:,]/.test(dir) || controlCharacters.test(dir)) {
    throw new MadError('INVALID_FILE', `No tag can name the models of ${quoted(folder)}.`, {
      hint: 'Rename the folder: without ":", "," and control characters.',
    });
  }
  return { file: `${folder}/${name}`, dir, kind };
}

interface SourceContent<T> {
  kept: T[];
  /** Keys that mean nothing to us, with the first card that has each. */
  unknownKeys: ReadonlyMap<string, string>;
}

async function readSource<T>(
  source: CardSource,
  options: DiscoveryOptions,
  keep: (found: FoundCard) => T,
): Promise<SourceContent<T>> {
  const { file, dir } = source;
  const { models, lazy, clean } = await readEntries(source, options);
  const unknownKeys = new Map<string, string>();
  // Models of another file have another folder in their names.
  const seen = new Map<string, number>();
  const kept = await readCards({ models, file, dir, clean }, (card, index) => {
    refuseTwice(card.name, index, file, seen);
    for (const key in card.extra) {
      if (!knownCardKeys.has(key) && !unknownKeys.has(key)) unknownKeys.set(key, `${file}, ${card.name}`);
    }
    const origin = { file, index };
    return keep(lazy[index] ? { card, origin, lazy: true } : { card, origin });
  });
  return { kept, unknownKeys };
}

function refuseTwice(name: string, index: number, file: string, seen: Map<string, number>): void {
  const first = seen.get(name);
  seen.set(name, index);
  if (first === undefined) return;
  throw new MadError(
    'INVALID_FILE',
    `Two models are called ${quoted(name)}: ${file}, model ${first + 1} and ${file}, model ${index + 1}.`,
    { hint: 'Give one of them another name.' },
  );
}

async function readEntries(source: CardSource, options: DiscoveryOptions): Promise<HookAnswer> {
  switch (source.kind) {
    case 'json': {
      const bytes = readPackageBytes(join(options.root, source.file), source.file);
      const models = parseJson(bytes?.toString('utf8') ?? '', source.file);
      if (Array.isArray(models)) return { models, lazy: [], clean: bytes !== undefined && isClean(bytes) };
      const what = typeof models === 'object' && models !== null ? 'an object' : quoted(models);
      throw new MadError('INVALID_FILE', `${source.file}: expected a list of model cards, found ${what}.`, {
        hint: 'Put the cards in brackets: [ {"name": …}, … ].',
      });
    }
    case 'python':
      return (await import('./python-hook.ts')).runPythonHook(source.file, options);
    case 'script':
      return (await import('./script-hook.ts')).runScriptHook(source.file, options);
  }
}

/** JSON refuses bare control characters; without a backslash there are no others, and none of Unicode's in ASCII. */
const isClean = (json: Buffer): boolean => isAscii(json) && !json.includes('\\') && !json.includes('\x7f');

/** Like Promise.all, with at most `width` at work. */
async function inGroups<T, R>(
  items: readonly T[],
  width: number,
  act: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += width) {
    results.push(...(await Promise.all(items.slice(at, at + width).map(act))));
  }
  return results;
}

/** One notice for all keys that mean nothing to us; they stay in the cards. */
function tellUnknownKeys(
  contents: readonly { unknownKeys: ReadonlyMap<string, string> }[],
  emit: Emit,
): void {
  const places = new Map<string, string>();
  for (const { unknownKeys } of contents) {
    for (const [key, place] of unknownKeys) if (!places.has(key)) places.set(key, place);
  }
  if (places.size === 0) return;
  const listed = [...places].slice(0, 20).map(([key, place]) => {
    const near = nearestNames(key, knownCardKeys, 1)[0];
    const meant = near === undefined ? '' : `, did you mean ${near}?`;
    return `${quoted(key)} (${place}${meant})`;
  });
  const more = places.size > listed.length ? ` and ${places.size - listed.length} more` : '';
  emit({
    type: 'notice',
    level: 'warning',
    code: 'UNKNOWN_CARD_KEY',
    message: `Model cards hold keys that madengine doesn't know: ${listed.join(', ')}${more}.`,
    hint: 'They are kept as they are and have no effect.',
  });
}
