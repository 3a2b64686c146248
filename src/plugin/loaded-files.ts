/** Which plugins this process has loaded, for errors that nobody catches: their code runs in our process. */
import { wordsOf } from './call.ts';

const loaded = new Map<string, string>();

export function noteLoaded(url: string, file: string): void {
  loaded.set(url, file);
}

/** The plugin in whose code an error arose, as typed, and what the error says; undefined for our own. */
export function pluginBehind(thrown: unknown): { file: string; words: string } | undefined {
  try {
    const stack = thrown instanceof Error ? String(thrown.stack) : '';
    const file = [...loaded].find(([url]) => stack.includes(url))?.[1];
    return file === undefined ? undefined : { file, words: wordsOf(thrown) };
  } catch {
    return undefined;
  }
}
