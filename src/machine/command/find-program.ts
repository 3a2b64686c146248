import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

/**
 * Absolute paths of the programs called `program` in these folders, in their order, one per file: `/bin/docker` is
 * left out where `/bin` is a link to `/usr/bin`. Relative folders are passed over: they depend on where one stands.
 */
export async function findPrograms(program: string, folders: readonly string[]): Promise<string[]> {
  const candidates = isAbsolute(program)
    ? [program]
    : folders.filter(isAbsolute).map((folder) => join(folder, program));
  const files = await Promise.all(candidates.map(fileBehind));
  const seen = new Set<string>();
  return candidates.filter((_, index) => {
    const file = files[index];
    if (file === undefined || seen.has(file)) return false;
    seen.add(file);
    return true;
  });
}

/** The executable file that a path leads to; undefined when there is none. */
async function fileBehind(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    if (!(await stat(path)).isFile()) return undefined;
    return await realpath(path);
  } catch {
    return undefined;
  }
}
