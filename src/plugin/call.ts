/** Calls of plugin code: whatever it does, the answer is a value of the right form or an error that names the plugin. */
import type { Clock } from '../foundation/clock.ts';
import { MadError } from '../foundation/error.ts';
import { quoted } from '../package/package-path.ts';

/** A plugin as messages name it. */
export interface PluginSource {
  kind: string;
  name: string;
  /** As typed. */
  file: string;
  /** `file:` URL of that file. */
  url: string;
}

export interface CallLimits {
  clock: Clock;
  /** Rejects with its reason when it aborts: nobody waits any longer. */
  signal?: AbortSignal;
  /** Seconds until the plugin counts as one that never ends. */
  limitS?: number;
}

export const sourceText = ({ kind, name, file }: Pick<PluginSource, 'kind' | 'name' | 'file'>): string =>
  name === '' ? `the plugin ${file}` : `${kind} ${quoted(name)} of ${file}`;

const longestMessage = 2000;

/** What a thrown value says; it may be anything. */
export function wordsOf(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return (text.trim() || 'an error without words').slice(0, longestMessage);
  } catch {
    return 'something that cannot be shown';
  }
}

/** A MadError keeps its code and hint; anything else is a defect of the plugin. */
export function pluginError(source: PluginSource, doing: string, thrown: unknown): MadError {
  const message = `${sourceText(source)}, ${doing}: ${wordsOf(thrown)}`;
  if (thrown instanceof MadError) {
    return new MadError(thrown.code, message, {
      cause: thrown,
      ...(thrown.passes === undefined ? {} : { passes: thrown.passes }),
      ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
    });
  }
  const line = placeIn(thrown, source.url);
  return new MadError('PLUGIN_FAILED', message, {
    cause: thrown,
    hint: `Mend the plugin${line === undefined ? '' : ` (${source.file}:${line})`}, or leave it out.`,
  });
}

/** The line of the plugin's file that the stack names first. */
export function placeIn(thrown: unknown, url: string): string | undefined {
  try {
    const stack = thrown instanceof Error ? String(thrown.stack) : '';
    const at = stack.indexOf(`${url}:`);
    return at < 0 ? undefined : /^\d+/.exec(stack.slice(at + url.length + 1))?.[0];
  } catch {
    return undefined;
  }
}

/** What a plugin answered that it mustn't. */
export const wrongAnswer = (
  source: PluginSource,
  doing: string,
  expected: string,
  found: unknown,
): MadError =>
  new MadError(
    'PLUGIN_FAILED',
    `${sourceText(source)}, ${doing}: expected ${expected}, found ${kindOf(found)}`,
    { hint: 'Mend the plugin, or leave it out; docs/plugins.md tells what each kind answers.' },
  );

export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Promise) return 'a promise';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return value.length > 60 ? 'a long text' : quoted(value);
  return typeof value === 'function' ? 'a function' : `the ${typeof value} ${String(value).slice(0, 40)}`;
}

/** Waits for the plugin's answer, its error, the signal or the limit, whichever is first. */
export async function callPlugin(
  source: PluginSource,
  doing: string,
  act: () => unknown,
  { clock, signal, limitS }: CallLimits,
): Promise<unknown> {
  signal?.throwIfAborted();
  const over = new AbortController();
  const answer = (async () => {
    try {
      return await act();
    } catch (thrown) {
      if (signal?.aborted) throw signal.reason;
      throw pluginError(source, doing, thrown);
    }
  })();
  const ends: Promise<unknown>[] = [answer];
  if (signal) ends.push(aborted(signal, over.signal));
  if (limitS !== undefined) ends.push(late(source, doing, limitS, clock, over.signal));
  try {
    return await Promise.race(ends);
  } finally {
    over.abort();
    // Nobody waits for it any more.
    answer.catch(() => {});
  }
}

const aborted = (signal: AbortSignal, over: AbortSignal): Promise<never> =>
  new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: over }),
  );

async function late(
  source: PluginSource,
  doing: string,
  limitS: number,
  clock: Clock,
  over: AbortSignal,
): Promise<never> {
  const isOver = await clock.sleep(limitS * 1000, over).then(
    () => false,
    () => true,
  );
  // The race is decided: this one only has to stay silent.
  if (isOver) return new Promise(() => {});
  throw new MadError('PLUGIN_FAILED', `${sourceText(source)}, ${doing}: no answer within ${limitS} s`, {
    hint: 'Mend the plugin, or leave it out.',
  });
}
