/** Which files of a package belong to its snapshot. */
import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { errnoOf } from '../foundation/file/errno.ts';
import type { ModelCard } from './card.ts';
import { resolveInside, shownPath } from './snapshot-link.ts';

export interface PackageEntries {
  /** Regular files. */
  files: ReadonlyMap<string, { executable: boolean }>;
  /** Symbolic links, with their targets. */
  links: ReadonlyMap<string, string>;
}

const rootEntries = ['models.json', 'data.json', 'madengine.config.json', 'scripts', 'docker'];

/** Never part of a snapshot, at any depth. */
const neverNamed = new Set(['credential.json', '.git', '.madengine', 'node_modules', '__pycache__']);
/** What runs leave in the package's folder itself; deeper down such names may be somebody's scripts. */
const resultAtRoot = /^(?:perf.*|.*\.live\.log|build_manifest\.json.*|.*\.package\.tar\.gz)$/;

/** Whether a name at the root of a package is that of a result. */
export const isResultName = (name: string): boolean => resultAtRoot.test(name);

export function isLeftOut(path: string): boolean {
  const parts = path.split('/');
  return parts.some((part) => neverNamed.has(part)) || (parts.length === 1 && isResultName(path));
}

/** Git's words for the same and for tools' outputs, so that our own results don't make a package dirty. */
export const leftOutPathspecs: readonly string[] = [
  ...[...neverNamed].flatMap((name) => [`:(exclude,glob)**/${name}`, `:(exclude,glob)**/${name}/**`]),
  ...[
    'perf*',
    '*.live.log',
    'build_manifest.json*',
    '*.package.tar.gz',
    'results_summary.json',
    'common_info.json',
    // Of tools, noted environments, and result files; in the root no snapshot takes files of such names in.
    '*_output',
    '*_output/**',
    '*_env',
    '*_env/**',
    '*.csv',
    'trace.*',
  ].map((name) => `:(exclude,glob)${name}`),
];

/**
 * Collects the package's own files, and what the cards and symbolic links name besides them. `root` is a real path.
 * Throws INVALID_FILE for a link that leaves the package.
 */
export async function packageEntries(root: string, cards: readonly ModelCard[]): Promise<PackageEntries> {
  const walk = new Walk(root);
  for (const path of rootEntries) await walk.include(path);
  for (const card of cards) await includeCard(walk, card);
  return walk;
}

async function includeCard(walk: Walk, card: ModelCard): Promise<void> {
  if (card.dockercontext !== '') await walk.include(card.dockercontext);
  if (card.scripts !== '') await walk.includeWithNeighbours(card.scripts);
  if (card.dockerfile === '') return;
  const folder = posix.dirname(card.dockerfile);
  const start = `${posix.basename(card.dockerfile)}.`;
  for (const name of await walk.namesIn(folder)) {
    if (name.startsWith(start)) await walk.include(posix.join(folder, name));
  }
}

class Walk implements PackageEntries {
  readonly files = new Map<string, { executable: boolean }>();
  readonly links = new Map<string, string>();
  readonly #root: string;
  /** Taken in with all that is below. */
  readonly #folders = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Takes a path in, with all that is below it; links on the way are taken in and followed. */
  async include(path: string): Promise<void> {
    const real = await this.#follow(path);
    if (isLeftOut(real)) return;
    const found = await this.#stat(real);
    if (found?.isDirectory()) await this.#includeFolder(real);
    else this.#includeFile(real, found);
  }

  /** A script comes with its folder, but one at the package's root doesn't bring the whole package. */
  async includeWithNeighbours(path: string): Promise<void> {
    const real = await this.#follow(path);
    const folder = posix.dirname(path);
    const isFile = (await this.#stat(real))?.isFile() ?? false;
    await this.include(isFile && folder !== '.' ? folder : path);
  }

  /** What lies in a folder and isn't taken in already. */
  async namesIn(folder: string): Promise<string[]> {
    const real = await this.#follow(folder);
    return this.#folders.has(real) ? [] : (await this.#list(real)).map(({ name }) => name);
  }

  async #follow(path: string): Promise<string> {
    const found = await resolveInside(path, (part) => this.#linkAt(part));
    if (found === undefined) throw this.#leaves(path);
    return found;
  }

  async #linkAt(path: string): Promise<string | undefined> {
    const known = this.links.get(path);
    if (known !== undefined) return known;
    if (this.#folders.has(path) || this.files.has(path)) return undefined;
    if (!(await this.#stat(path))?.isSymbolicLink()) return undefined;
    const target = await readlink(join(this.#root, path));
    if (!isLeftOut(path)) this.links.set(path, target);
    return target;
  }

  async #includeFolder(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return;
    this.#folders.add(folder);
    const links: string[] = [];
    await Promise.all(
      (await this.#list(folder)).map(async (entry) => {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (isLeftOut(path)) return;
        if (entry.isDirectory()) await this.#includeFolder(path);
        else if (entry.isSymbolicLink()) links.push(path);
        else if (entry.isFile()) this.#includeFile(path, await this.#stat(path));
      }),
    );
    for (const link of links.sort()) await this.include(link);
  }

  #includeFile(path: string, found: Stats | undefined): void {
    if (found?.isFile()) this.files.set(path, { executable: (found.mode & 0o100) !== 0 });
  }

  async #list(folder: string): Promise<Dirent[]> {
    try {
      return await readdir(join(this.#root, folder), { withFileTypes: true });
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return [];
      throw unreadable(folder, error);
    }
  }

  async #stat(path: string): Promise<Stats | undefined> {
    try {
      return await lstat(join(this.#root, path));
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
      throw unreadable(path, error);
    }
  }

  #leaves(path: string): MadError {
    const target = this.links.get(path);
    const where = target === undefined ? '' : ` (to ${shownPath(target)})`;
    return new MadError(
      'INVALID_FILE',
      `${shownPath(path)}: this link${where} leaves the package or goes round in circles.`,
      {
        hint: 'A package has to be whole on every node: put the file into it, or make the link relative and inside.',
      },
    );
  }
}

export const unreadable = (path: string, cause: unknown): MadError =>
  new MadError('INVALID_FILE', `${shownPath(path)} can't be read: ${(cause as Error).message}`, {
    hint: 'Everything in scripts/ and docker/ belongs to the package: make it readable, or move it elsewhere.',
    cause,
  });
