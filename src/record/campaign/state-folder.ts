import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { errnoOf } from '../../foundation/file/errno.ts';

export const stateFolderName = '.madengine';

/**
 * `<root>/.madengine`, made when it is missing: campaigns, locks, and what was cut off torn files. Its permissions are
 * the umask's, so that people who share a results root share its locks; each campaign's own folder is closed to others.
 */
export function stateFolder(root: string): string {
  const folder = join(root, stateFolderName);
  if (isFolder(folder)) return folder;
  try {
    // In one that is there not recursively, which answers ENOENT where a file system is read-only.
    mkdirSync(folder, { recursive: !existsSync(root) });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    if (!isFolder(folder)) {
      throw new MadError('NOT_WRITABLE', `${folder} is no folder, and what runs are recorded in needs one`, {
        hint: 'Move it away, or choose another folder with --output.',
        cause: error,
      });
    }
  }
  try {
    writeFileSync(join(folder, '.gitignore'), '*\n', { flag: 'wx' });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  return folder;
}

/** Also through a link; one that leads nowhere or in a circle is none. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

export const stateFolderIfThere = (root: string): boolean => isFolder(join(root, stateFolderName));
