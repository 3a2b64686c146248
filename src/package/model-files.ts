import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { errnoOf } from '../foundation/file/errno.ts';
import { nearestNames } from '../foundation/nearest-name.ts';
import type { ModelCard } from './card.ts';
import { findCardSources } from './discovery.ts';
import { quoted } from './package-path.ts';

/**
 * Makes sure, before anything is built, that what cards name is in the package: the script, or the folder with its
 * `run.sh`, and, unless they have their images already, at least one Dockerfile. Throws INVALID_FILE with the card's file,
 * its name, the key, and names that are near.
 */
export async function requireModelFiles(
  root: string,
  cards: readonly ModelCard[],
  { dockerfiles }: { dockerfiles: boolean },
): Promise<void> {
  for (const card of cards) {
    const missing =
      (await missingScript(root, card)) ?? (dockerfiles ? await missingDockerfile(root, card) : undefined);
    if (missing) throw await missingFile(root, card, missing);
  }
}

interface Missing {
  key: 'scripts' | 'dockerfile';
  what: string;
  /** Relative to the package; what was looked for there, and what there is. */
  folder: string;
  wanted: string;
}

async function missingScript(root: string, { scripts }: ModelCard): Promise<Missing | undefined> {
  if (scripts === '') return undefined;
  const kind = await kindOf(join(root, scripts));
  if (kind === 'file') return undefined;
  if (kind === undefined) {
    const what = `there is no ${quoted(scripts)}`;
    return { key: 'scripts', what, folder: dirname(scripts), wanted: basename(scripts) };
  }
  if ((await kindOf(join(root, scripts, 'run.sh'))) === 'file') return undefined;
  const what = `the folder ${quoted(scripts)} holds no run.sh`;
  return { key: 'scripts', what, folder: scripts, wanted: 'run.sh' };
}

async function missingDockerfile(root: string, { dockerfile }: ModelCard): Promise<Missing | undefined> {
  if (dockerfile === '') return undefined;
  const [folder, start] = [dirname(dockerfile), basename(dockerfile)];
  const names = await namesIn(join(root, folder));
  const fits = (name: string): boolean => name === start || name.startsWith(`${start}.`);
  if (names.some((name) => fits(name) && !name.endsWith('.dockerignore'))) return undefined;
  const what = `there is no Dockerfile ${quoted(dockerfile)} and none that begins with it and a point`;
  return { key: 'dockerfile', what, folder, wanted: start };
}

async function missingFile(
  root: string,
  card: ModelCard,
  { key, what, folder, wanted }: Missing,
): Promise<MadError> {
  const file = await sourceOf(root, card.name);
  const names = await namesIn(join(root, folder));
  // Dockerfiles are named by what stands before their first point.
  const known = key === 'dockerfile' ? names.map((name) => name.split('.', 1)[0] ?? name) : names;
  const near = nearestNames(wanted, known).map((name) => quoted(join(folder, name)));
  return new MadError('INVALID_FILE', `${file}, model ${quoted(card.name)}, key ${key}: ${what}.`, {
    hint:
      near.length > 0
        ? `Did you mean ${near.join(', ')}? Paths of a card count from the folder of its file.`
        : 'Add the file, or correct the card; its paths count from the folder of its file.',
  });
}

/** The file that holds a model, by its scope. */
async function sourceOf(root: string, name: string): Promise<string> {
  const slash = name.indexOf('/');
  const dir = slash === -1 ? undefined : name.slice(0, slash);
  const source = (await findCardSources(root)).find((one) => one.dir === dir);
  return source?.file ?? 'models.json';
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

const isAbsence = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '');
