import { hash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { MadError } from '../foundation/error.ts';
import { type CommandRunner, runCommand, succeeded } from '../machine/command/command.ts';
import type { ModelCard } from './card.ts';
import { digestOf, hashFile } from './snapshot-content.ts';
import { leftOutPathspecs, packageEntries } from './snapshot-files.ts';
import type { PackageFile, PackageSnapshot } from './snapshot-schema.ts';

export type { PackageSnapshot } from './snapshot-schema.ts';

export interface SnapshotOptions {
  /** Absolute folder of the package. */
  root: string;
  /** The selected cards: what they name outside `scripts/` and `docker/` belongs to the snapshot. */
  cards: readonly ModelCard[];
  runner: CommandRunner;
  signal?: AbortSignal;
}

/** Files that are read at the same time. */
const readers = 16;

/**
 * The package's content now. Modes are 755 or 644, as in git, so that the digest doesn't depend on a checkout's umask;
 * empty folders, devices, pipes and sockets are left out. Throws INVALID_FILE for links that leave the package.
 */
export async function takeSnapshot(options: SnapshotOptions): Promise<PackageSnapshot> {
  const root = await realpath(options.root);
  const git = gitState(root, options);
  const entries = await packageEntries(root, options.cards);
  const links = [...entries.links].map(([path, target]): PackageFile => {
    const bytes = Buffer.byteLength(target);
    return { path, mode: 'link', bytes, sha256: hash('sha256', target) };
  });
  const files = await hashFiles(root, entries.files, options.signal);
  const all = [...links, ...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { digest: digestOf(all), ...(await git), files: all };
}

/** See `snapshot-packing.ts`, which is loaded only for this. */
export async function writeSnapshotArchive(
  root: string,
  snapshot: PackageSnapshot,
  file: string,
): Promise<{ file: string; sha256: string }> {
  return (await import('./snapshot-packing.ts')).writeSnapshotArchive(root, snapshot, file);
}

/** See `snapshot-unpacking.ts`, which is loaded only for this. */
export async function unpackSnapshot(
  archive: string,
  snapshot: PackageSnapshot,
  into: string,
): Promise<void> {
  return (await import('./snapshot-unpacking.ts')).unpackSnapshot(archive, snapshot, into);
}

async function hashFiles(
  root: string,
  files: ReadonlyMap<string, { executable: boolean }>,
  signal: AbortSignal | undefined,
): Promise<PackageFile[]> {
  const waiting = [...files].values();
  const done: PackageFile[] = [];
  const work = async (): Promise<void> => {
    for (const [path, { executable }] of waiting) {
      if (signal?.aborted) throw new MadError('INTERRUPTED', 'Reading the package was stopped.');
      const { bytes, sha256 } = await hashFile(root, path);
      done.push({ path, mode: executable ? '755' : '644', bytes, sha256 });
    }
  };
  await Promise.all(Array.from({ length: readers }, work));
  return done;
}

/** Commit and cleanness; null where there is no git, no repository, or one that git refuses to trust. */
async function gitState(
  root: string,
  { runner, signal }: SnapshotOptions,
): Promise<Pick<PackageSnapshot, 'commit' | 'dirty'>> {
  const git = await runner.which('git');
  if (git === undefined) return { commit: null, dirty: null };
  const ask = async (...words: string[]): Promise<string | undefined> => {
    // No program that the repository's configuration names is started for a mere question.
    const argv = [git, '-C', root, '-c', 'core.fsmonitor=false', ...words] as const;
    const env = { GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
    const command = { argv, env, timeoutMs: 30_000, keepBytes: 4096 };
    // Nobody listens for a failure here while the files are read, and one costs no more than the answer.
    const result = await runCommand(runner, signal ? { ...command, signal } : command).catch(() => undefined);
    return result && succeeded(result) ? result.stdout.trim() : undefined;
  };
  const [commit, tracked, changes] = await Promise.all([
    ask('rev-parse', '--verify', 'HEAD'),
    ask('ls-files', '--', 'models.json', 'scripts'),
    ask('status', '--porcelain', '--', '.', ...leftOutPathspecs),
  ]);
  // A repository around the package that doesn't track it says nothing about it.
  if (commit === undefined || !/^[0-9a-f]{40,64}$/.test(commit) || !tracked)
    return { commit: null, dirty: null };
  return { commit, dirty: changes === undefined ? null : changes !== '' };
}
