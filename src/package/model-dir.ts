/** `MODEL_DIR`: a folder whose content is copied over the current one before models are looked for. */
import type { Stats } from 'node:fs';
import { lstat, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { MadError } from '../foundation/error.ts';
import type { Emit } from '../foundation/event.ts';
import { errnoOf } from '../foundation/file/errno.ts';
import { copyIfChanged } from './changed-file.ts';
import { isResultName } from './snapshot-files.ts';
import { shownPath } from './snapshot-link.ts';

export interface ModelDirOptions {
  /** As it stands in the environment, made absolute. */
  from: string;
  /** The current folder, absolute. */
  to: string;
  emit: Emit;
  signal?: AbortSignal;
}

interface Copying {
  /** Real paths. */
  from: string;
  to: string;
  copied: number;
  unchanged: number;
  leftOut: string[];
  entries: number;
  signal: AbortSignal | undefined;
}

/** More than any package holds; links that fan out could make millions of few. */
const mostEntries = 1_000_000;

/**
 * Copies what differs from the current folder's files, following links. Never copied: repositories, results and state of
 * earlier runs, and what links lead to that was not meant for a package (see `whyPrivate`). A folder that isn't there is
 * a warning. Throws INVALID_FILE where a file would take the place of a folder, or leave the current one through a link.
 */
export async function copyModelDir({ from, to, emit, signal }: ModelDirOptions): Promise<void> {
  const source = await realFolder(from);
  if (source === undefined) {
    emit({
      type: 'notice',
      level: 'warning',
      code: 'MODEL_DIR',
      message: `MODEL_DIR: there is no folder ${shownPath(from)}; nothing is copied from it`,
      hint: 'Correct MODEL_DIR, or unset it to work with the current folder alone.',
    });
    return;
  }
  const target = await realpath(to);
  if (source === target) return;
  const copying: Copying = {
    from: source,
    to: target,
    copied: 0,
    unchanged: 0,
    leftOut: [],
    entries: 0,
    signal,
  };
  await copyFolder(copying, { source, target, path: '', above: [source] });
  tell(copying, from, emit);
}

async function realFolder(path: string): Promise<string | undefined> {
  const real = await realpath(path).catch(() => undefined);
  return real !== undefined && (await stat(real)).isDirectory() ? real : undefined;
}

function tell({ copied, unchanged, leftOut }: Copying, from: string, emit: Emit): void {
  if (copied > 0) {
    const files = copied === 1 ? '1 file' : `${copied} files`;
    const message = `MODEL_DIR: ${files} copied from ${shownPath(from)}, ${unchanged} were the same`;
    emit({ type: 'notice', level: 'info', code: 'MODEL_DIR', message });
  }
  if (leftOut.length === 0) return;
  const more = leftOut.length > 10 ? ` and ${leftOut.length - 10} more` : '';
  emit({
    type: 'notice',
    level: 'warning',
    code: 'MODEL_DIR',
    message: `MODEL_DIR: not copied: ${leftOut.slice(0, 10).join(', ')}${more}`,
    hint: 'Put the files themselves into MODEL_DIR if the package needs them.',
  });
}

interface Folder {
  /** Real path in MODEL_DIR, or where a link led. */
  source: string;
  /** Real path below the current folder. */
  target: string;
  /** Relative to both. */
  path: string;
  /** The real folders on the way here, itself included. */
  above: readonly string[];
}

async function copyFolder(copying: Copying, folder: Folder): Promise<void> {
  for (const name of (await readdir(folder.source)).sort()) {
    copying.signal?.throwIfAborted();
    const path = join(folder.path, name);
    if (isLeftOut(path, name)) continue;
    if (++copying.entries > mostEntries) {
      throw new MadError('INVALID_FILE', `MODEL_DIR holds more than ${mostEntries} files.`, {
        hint: 'Name the folder of the package itself; links in it may lead in circles.',
      });
    }
    try {
      await copyEntry(copying, folder, name, path);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      copying.leftOut.push(`${shownPath(path)} (${error.message})`);
    }
  }
}

/** Something in MODEL_DIR that can't or must not be copied; the rest can. */
class Unreadable extends Error {}

const neverCopied = new Set(['.git', '.madengine', '__pycache__']);

const isLeftOut = (path: string, name: string): boolean =>
  neverCopied.has(name) || (path === name && isResultName(name));

async function copyEntry(copying: Copying, folder: Folder, name: string, path: string): Promise<void> {
  const { real, facts } = await followed(join(folder.source, name));
  const why = isInside(real, copying.from) ? undefined : whyPrivate(real, facts, copying);
  if (why !== undefined) throw new Unreadable(why);
  const target = join(folder.target, name);
  if (facts.isDirectory()) {
    // The current folder may lie in MODEL_DIR.
    if (real === copying.to) return;
    if (folder.above.includes(real)) throw new Unreadable('it leads in a circle');
    const into = await folderAt(copying, target, path, { real, facts });
    // A link from here to the same place in MODEL_DIR is a package that is here already.
    if (into === real) return;
    await copyFolder(copying, { source: real, target: into, path, above: [...folder.above, real] });
  } else if (facts.isFile()) {
    const mode = name === 'credential.json' ? 0o600 : (facts.mode & 0o777) | 0o200;
    const changed = await copyIfChanged(real, facts, target, mode).catch((error: unknown) => {
      if (errnoOf(error) !== 'EACCES') throw error;
      throw new Unreadable((error as Error).message);
    });
    if (changed) copying.copied += 1;
    else copying.unchanged += 1;
  } else throw new Unreadable('neither a file nor a folder');
}

async function followed(path: string): Promise<{ real: string; facts: Stats }> {
  try {
    const real = await realpath(path);
    return { real, facts: await stat(real) };
  } catch (error) {
    const leadsNowhere = ['ENOENT', 'ELOOP', 'ENOTDIR'].includes(errnoOf(error) ?? '');
    throw new Unreadable(leadsNowhere ? 'its link leads nowhere' : (error as Error).message);
  }
}

/**
 * Why something outside, to which a link in MODEL_DIR leads, is no business of a package: what is copied may travel into
 * images and to other machines, and whoever wrote the package must not choose from all that we may read.
 */
function whyPrivate(real: string, facts: Stats, { from, to }: Copying): string | undefined {
  if (/^\/(?:proc|sys|dev)\//.test(`${real}/`)) return 'its link leads into the system';
  if (isInside(from, real) || isInside(to, real)) return 'its link leads to a folder around';
  if (real.split(sep).some((part) => part.startsWith('.'))) return 'its link leads to a hidden file';
  if (facts.isFile() && (facts.mode & 0o004) === 0) return 'its link leads to a private file outside';
  return undefined;
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}

/** The real path of a folder of ours, made where there is none. */
async function folderAt(
  { from, to }: Copying,
  target: string,
  path: string,
  source: { real: string; facts: Stats },
): Promise<string> {
  const found = await lstat(target).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) {
    await mkdir(target, { mode: (source.facts.mode & 0o777) | 0o700 });
    return target;
  }
  const real = await realpath(target).catch(() => undefined);
  if (real === undefined || !(await stat(real)).isDirectory()) {
    throw inTheWay(path, 'is a folder in MODEL_DIR and none here');
  }
  const isOurs = isInside(real, to) && (isInside(to, from) || !isInside(real, from));
  if (isOurs || real === source.real) return real;
  throw inTheWay(path, 'is a link that leaves the current folder, and MODEL_DIR would be copied through it');
}

const inTheWay = (path: string, why: string): MadError =>
  new MadError('INVALID_FILE', `${shownPath(path)} ${why}.`, {
    hint: 'Move it away, or start in another folder.',
  });
