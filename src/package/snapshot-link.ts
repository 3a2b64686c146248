import { posix } from 'node:path';
import { controlCharacters, quoted } from './package-path.ts';
import type { PackageFile } from './snapshot-schema.ts';

/** More steps than any honest chain of links has; Linux gives up at the same number. */
const mostLinks = 40;

/** The target of the symbolic link at a path, undefined when there is none. */
export type LinkAt = (path: string) => string | undefined | Promise<string | undefined>;

/**
 * Where a path leads within the package, following links as the kernel would, `..` behind them included; `''` for the
 * package itself. Undefined when it leaves the package, goes round in circles, or a target is absolute.
 */
export async function resolveInside(path: string, linkAt: LinkAt): Promise<string | undefined> {
  const waiting = path.split('/').reverse();
  const reached: string[] = [];
  let followed = 0;
  for (;;) {
    const step = waiting.pop();
    if (step === undefined) return reached.join('/');
    if (step === '' || step === '.') continue;
    if (step === '..') {
      if (reached.pop() === undefined) return undefined;
      continue;
    }
    const target = await linkAt([...reached, step].join('/'));
    if (target === undefined) {
      reached.push(step);
      continue;
    }
    if (posix.isAbsolute(target) || ++followed > mostLinks) return undefined;
    waiting.push(...target.split('/').reverse());
  }
}

/** Why a snapshot's list of files can't be trusted; undefined when it can. */
export function faultOfPaths(files: readonly PackageFile[]): string | undefined {
  const seen = new Set<string>();
  for (const { path, mode } of files) {
    const shown = quoted(path);
    if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
      return `${shown} is no plain path`;
    }
    if (path.includes('\0')) return `${shown} holds a zero byte`;
    if (mode !== 'link' && !/^[0-7]{3}$/.test(mode)) return `${shown} has the mode ${quoted(mode)}`;
    if (seen.has(path)) return `${shown} stands there twice`;
    seen.add(path);
  }
  for (const { path } of files) {
    for (let folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) {
      if (seen.has(folder)) return `${quoted(folder)} is both a file and a folder`;
    }
  }
  return undefined;
}

/** A path as messages show it: quoted where it holds what could confuse a terminal. */
export const shownPath = (path: string): string => (controlCharacters.test(path) ? quoted(path) : path);
