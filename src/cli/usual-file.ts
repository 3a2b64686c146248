import { posix } from 'node:path';

/**
 * The file that was typed, unless it names the place that counts without it. Scripts pass on the Python tool's defaults,
 * which are no error where a package has no such file.
 */
export const unlessUsual = (typed: string | undefined, usual: string): string | undefined =>
  typed !== undefined && posix.normalize(typed) === usual ? undefined : typed;
