import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, relative, sep } from 'node:path';
import { MadError } from '../foundation/error.ts';
import type { EngineKind } from '../machine/engine/engine.ts';
import { stateFolderName } from '../record/campaign/state-folder.ts';

/** Where the folders of a run lie, on the host and as the run sees them. */
export interface RunPaths {
  /** `/myworkspace` in a container. */
  workspace: string;
  /** Program, marks and output. */
  control: string;
  /** The package, read-only. */
  package: string;
}

export const containerPaths: RunPaths = {
  workspace: '/myworkspace',
  control: '/madengine',
  package: '/madpackage',
};

export const pathsSeen = (engine: EngineKind, runFolder: string, packageDir: string): RunPaths =>
  engine === 'host' ? hostPaths(runFolder, packageDir) : containerPaths;

export function hostPaths(runFolder: string, packageDir: string): RunPaths {
  return {
    workspace: join(runFolder, 'workspace'),
    control: join(runFolder, 'control'),
    package: packageDir,
  };
}

/** What a run sees in place of folders that are hidden from it. */
export const emptyFolder = (runFolder: string): string => join(runFolder, 'empty');

/** Entries of a package that a workspace has no link to: secrets, our own files, results. */
const left =
  /^(credential\.json|\.madengine|perf.*|common_info\.json|results_summary\.json|.*\.live\.log|build_manifest\.json)$/;

/** Something of the package that a run must not see, relative to it. */
export interface HiddenEntry {
  path: string;
  kind: 'file' | 'folder';
}

/**
 * The package is mounted whole, but for its credentials with the key files that they name, and for our own folder of campaigns, which mostly lies in it:
 * that holds the logins and build secrets of this campaign and the outputs of other runs. The one in `resultsRoot` is there
 * before anything runs.
 */
export async function hiddenIn(
  packageDir: string,
  resultsRoot: string,
  /** Relative to the package. */
  keys: readonly string[] = [],
): Promise<HiddenEntry[]> {
  const hidden: HiddenEntry[] = [];
  for (const path of ['credential.json', ...keys])
    if (await isFile(join(packageDir, path))) hidden.push({ path, kind: 'file' });
  const root = await realpath(packageDir);
  const own = relative(root, join(resultsRoot, stateFolderName));
  const isInside = !isAbsolute(own) && own.split(sep)[0] !== '..';
  if (own !== stateFolderName && (await isDirectory(join(root, stateFolderName))))
    hidden.push({ path: stateFolderName, kind: 'folder' });
  if (isInside) hidden.push({ path: own, kind: 'folder' });
  return hidden;
}

export interface RunFolderOptions {
  /** The campaign's folder of this run, absolute; made if missing. */
  runFolder: string;
  packageDir: string;
  /** The folder of the model's scripts, relative to the package. */
  scriptsDir: string;
  /** The folder that they are copied into, such as `run_directory`. */
  modelDir: string;
  /** Where the run sees the package. */
  packageAsSeen: string;
  /** The result file that the card declares; '' for none. One that an earlier run left in the package is not linked. */
  resultFile: string;
}

/**
 * Makes the run's own folders: a copy of the model's scripts and of `scripts/common`, and links to the rest of the
 * package. Throws INVALID_FILE for scripts that are missing or leave the package.
 */
export async function prepareRunFolder(options: RunFolderOptions): Promise<void> {
  const { runFolder, packageDir, scriptsDir, modelDir, packageAsSeen, resultFile } = options;
  const { workspace, control } = hostPaths(runFolder, packageDir);
  await mkdir(control, { recursive: true, mode: 0o700 });
  await mkdir(join(workspace, 'scripts'), { recursive: true });
  await mkdir(emptyFolder(runFolder), { recursive: true });
  const root = await realpath(packageDir);
  await copyTree(join(root, scriptsDir), join(workspace, modelDir), root);
  const earlier = await resultFilesIn(root);
  const unlinked = new Set(['scripts', modelDir, normalize(resultFile), ...earlier]);
  await linkEntries(root, workspace, packageAsSeen, (name) => !unlinked.has(name) && !left.test(name));
  if (!(await isDirectory(join(root, 'scripts')))) return;
  await linkEntries(
    join(root, 'scripts'),
    join(workspace, 'scripts'),
    `${packageAsSeen}/scripts`,
    (name) => name !== 'common',
  );
  if (await isDirectory(join(root, 'scripts', 'common'))) {
    await copyTree(join(root, 'scripts', 'common'), join(workspace, 'scripts', 'common'), root);
  }
}

/** Result files that earlier runs left in the package, as `nameResultFile` marked them. */
async function resultFilesIn(root: string): Promise<string[]> {
  const marks = await readdir(join(root, stateFolderName, 'result-files')).catch(() => []);
  return marks.map((mark) => mark.replace(/\.sha256$/, ''));
}

/**
 * The folder of a card's scripts and the script's file name: a file is run itself, in a folder it is `run.sh`
 * (v1-formats, 1.2). Throws INVALID_FILE when the package doesn't have it.
 */
export async function locateScript(
  packageDir: string,
  scripts: string,
): Promise<{ dir: string; file: string }> {
  const facts = await stat(join(packageDir, scripts)).catch(() => undefined);
  const found = facts?.isDirectory()
    ? { dir: scripts, file: 'run.sh' }
    : { dir: dirname(scripts), file: basename(scripts) };
  if (!(await isFile(join(packageDir, found.dir, found.file)))) {
    throw new MadError('INVALID_FILE', `${join(found.dir, found.file)}: no such script in the package`, {
      hint: "Correct the card's `scripts` (a script, or a folder with run.sh), or add the file.",
    });
  }
  return found;
}

export async function removeFolders(folders: readonly string[]): Promise<void> {
  await Promise.all(folders.map(removeFolder));
}

/** A run may leave folders that their owner may not write to, such as a cache of Go's modules. */
async function removeFolder(folder: string): Promise<void> {
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  await remove().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES') throw error;
    await openFolders(folder);
    await remove();
  });
}

/** What belongs to somebody else is left as it is. */
async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o700).catch(() => {});
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await openFolders(join(folder, entry.name));
}

/** The output file exists before the program starts, so that it belongs to us and only we can read it. */
export async function makeControlFiles(
  control: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(control, name), content, { mode: 0o600 });
  }
}

async function linkEntries(
  from: string,
  to: string,
  asSeen: string,
  wanted: (name: string) => boolean,
): Promise<void> {
  const names = (await readdir(from)).filter(wanted);
  await Promise.all(names.map((name) => symlink(`${asSeen}/${name}`, join(to, name))));
}

/** Copies with links followed, as long as they stay within `root`: a card's scripts can't bring in files of the host. */
async function copyTree(
  from: string,
  to: string,
  root: string,
  above: readonly string[] = [],
): Promise<void> {
  const source = await realpath(from).catch((cause: unknown) => {
    throw new MadError('INVALID_FILE', `${relative(root, from)}: no such file or folder in the package`, {
      cause,
      hint: "Correct the card's `scripts`, or add that folder to the package.",
    });
  });
  if (source !== root && !source.startsWith(root + sep)) {
    throw new MadError('INVALID_FILE', `${relative(root, from)} leads out of the package`, {
      hint: 'Replace the link with the file itself: a run sees only its package.',
    });
  }
  if (above.includes(source)) {
    throw new MadError('INVALID_FILE', `${relative(root, from)} leads back to a folder that it lies in`, {
      hint: 'Remove that link.',
    });
  }
  const facts = await lstat(source);
  if (facts.isFile()) {
    await copyFresh(source, to);
    await chmod(to, facts.mode & 0o777);
  } else if (facts.isDirectory()) {
    await makeFresh(to);
    for (const name of await readdir(source))
      await copyTree(join(from, name), join(to, name), root, [...above, source]);
  }
}

/** What was cloned may have a link at this place, which must lead nobody out: the package's file replaces it. */
async function copyFresh(source: string, to: string): Promise<void> {
  const mode = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;
  await copyFile(source, to, mode).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    await rm(to, { recursive: true });
    await copyFile(source, to, mode);
  });
}

async function makeFresh(folder: string): Promise<void> {
  await mkdir(folder).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    if ((await lstat(folder)).isDirectory()) return;
    await rm(folder);
    await mkdir(folder);
  });
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
}
