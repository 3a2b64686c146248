import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Absolute path of a folder of the npm package, found from the sources as well as from a bundled chunk. */
export function shippedFolder(name: string, from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (isOurPackage(join(folder, 'package.json'))) return join(folder, name);
    if (folder === dirname(folder)) return join(from, name);
  }
}

function isOurPackage(file: string): boolean {
  if (!existsSync(file)) return false;
  const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof found === 'object' && found !== null && 'name' in found && found.name === 'madengine';
}
