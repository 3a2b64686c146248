import { open } from 'node:fs/promises';
import { MadError } from '../foundation/error.ts';
import { errnoOf } from '../foundation/file/errno.ts';
import { parseJson } from '../foundation/file/json-file.ts';

const largestFile = 256 * 2 ** 20;

/** A JSON file of a package, undefined when there is none. `shown` is what messages call it. Throws INVALID_FILE. */
export async function readPackageJson(path: string, shown: string): Promise<unknown> {
  const text = await readPackageText(path, shown);
  return text === undefined ? undefined : parseJson(text, shown);
}

/** The text of a file of a package; a device or an endless file is refused before it is read. */
export async function readPackageText(path: string, shown: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw new MadError('INVALID_FILE', `${shown} cannot be read: ${(error as Error).message}`, {
      hint: 'Check its owner and permissions.',
      cause: error,
    });
  });
  if (!file) return undefined;
  try {
    const found = await file.stat();
    if (found.isFile() && found.size <= largestFile) return await file.readFile('utf8');
    const what = found.isFile() ? `larger than ${largestFile / 2 ** 20} MiB` : 'no regular file';
    throw new MadError('INVALID_FILE', `${shown} is ${what}.`, { hint: 'Put a file with JSON there.' });
  } finally {
    await file.close();
  }
}
