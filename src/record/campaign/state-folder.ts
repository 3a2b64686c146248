import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../foundation/file/errno.ts';

export const stateFolderName = '.madengine';

/**
 * `<root>/.madengine`, made when it is missing: campaigns, locks, and what was cut off torn files. Its permissions are
 * the umask's, so that people who share a results root share its locks; each campaign's own folder is closed to others.
 */
export function stateFolder(root: string): string {
  const folder = join(root, stateFolderName);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder;
  try {
    // In one that is there not recursively, which answers ENOENT where a file system is read-only.
    mkdirSync(folder, { recursive: !existsSync(root) });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  try {
    writeFileSync(join(folder, '.gitignore'), '*\n', { flag: 'wx' });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  return folder;
}

export const stateFolderIfThere = (root: string): boolean =>
  statSync(join(root, stateFolderName), { throwIfNoEntry: false }) !== undefined;
