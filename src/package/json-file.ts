import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { MadError } from '../foundation/error.ts';
import { errnoOf } from '../foundation/file/errno.ts';
import { parseJson } from '../foundation/file/json-file.ts';

const largestFile = 256 * 2 ** 20;

/** A JSON file of a package, undefined when there is none. `shown` is what messages call it. Throws INVALID_FILE. */
export function readPackageJson(path: string, shown: string): unknown {
  const text = readPackageText(path, shown);
  return text === undefined ? undefined : parseJson(text, shown);
}

/** The text of a file of a package; a device or an endless file is refused before it is read. */
export const readPackageText = (path: string, shown: string): string | undefined =>
  readPackageBytes(path, shown)?.toString('utf8');

/** Its bytes; undefined when there is none. Throws INVALID_FILE. */
export function readPackageBytes(path: string, shown: string): Buffer | undefined {
  const file = opened(path, shown);
  if (file === undefined) return undefined;
  try {
    const found = fstatSync(file);
    if (found.isFile() && found.size <= largestFile) return readFileSync(file);
    const what = found.isFile() ? `larger than ${largestFile / 2 ** 20} MiB` : 'no regular file';
    throw new MadError('INVALID_FILE', `${shown} is ${what}.`, { hint: 'Put a file with JSON there.' });
  } finally {
    closeSync(file);
  }
}

function opened(path: string, shown: string): number | undefined {
  try {
    // Not to wait for the writer of a pipe.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw new MadError('INVALID_FILE', `${shown} cannot be read: ${(error as Error).message}`, {
      hint: 'Check its owner and permissions.',
      cause: error,
    });
  }
}
