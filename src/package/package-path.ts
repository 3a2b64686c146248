import { posix } from 'node:path';

/** Characters that no name or path may hold: C0 and C1 controls, and the line separators of Unicode. */
export const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** JSON, with those control characters escaped that JSON itself leaves alone and terminals obey. */
export const quoted = (value: unknown): string =>
  (JSON.stringify(value) ?? typeof value).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Names without a point in front, joined by single slashes. */
const plainPath = /^(?:[\w+-][\w+.-]*\/)*[\w+-][\w+.-]*$/;

/**
 * A path relative to the package, normalised, without a trailing slash; undefined when it is absolute or leaves the
 * package. `base` is the folder, relative to the package, that it was written in.
 */
export function packagePath(path: string, base = ''): string | undefined {
  return plainPackagePath(path, base) ?? normalised(path, base);
}

/**
 * The same for paths of letters, digits, `_`, `+`, `-` and `.` that need no normalising, as nearly all are, at a tenth of
 * the time; undefined for all others.
 */
export function plainPackagePath(path: string, base: string): string | undefined {
  let rest = path;
  let folder = base;
  while (folder !== '' && rest.startsWith('../')) {
    rest = rest.slice(3);
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')));
  }
  if (!plainPath.test(rest)) return undefined;
  return folder === '' ? rest : `${folder}/${rest}`;
}

function normalised(path: string, base: string): string | undefined {
  if (posix.isAbsolute(path) || path.includes('\0')) return undefined;
  const joined = posix.join(base, path);
  if (joined === '..' || joined.startsWith('../') || posix.isAbsolute(joined)) return undefined;
  return joined.length > 1 && joined.endsWith('/') ? joined.slice(0, -1) : joined;
}
