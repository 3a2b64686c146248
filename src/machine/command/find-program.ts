import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/**
 * Absolute paths of the programs called `program` in these folders, in their order, one per file: `/bin/docker` is
 * left out where `/bin` is a link to `/usr/bin`. Relative folders are passed over: they depend on where one stands.
 */
export function findPrograms(program: string, folders: readonly string[]): string[] {
  const candidates = isAbsolute(program)
    ? [program]
    : folders.filter(isAbsolute).map((folder) => join(folder, program));
  const seen = new Set<string>();
  return candidates.filter((candidate) => {
    const file = fileBehind(candidate);
    if (file === undefined || seen.has(file)) return false;
    seen.add(file);
    return true;
  });
}

/**
 * The executable file that a path leads to; undefined when there is none. A start asks for a hundred paths, and most are
 * not there: promises, and the errors of those, would take ten times as long.
 */
function fileBehind(path: string): string | undefined {
  try {
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
    accessSync(path, constants.X_OK);
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}
