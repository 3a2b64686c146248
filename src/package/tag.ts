import { MadError } from '../foundation/error.ts';
import { controlCharacters, quoted } from './package-path.ts';

/** One `:key=value`, `:key=1|2|4` (a sweep: one job for each value) or `:flag` (no value). */
export interface TagArgument {
  key: string;
  /** Empty for a flag. */
  values: readonly string[];
}

/**
 * What `--tags` names. Grammar, after splitting at commas (a comma is never part of a value: `x:a=1,y` is two tags):
 *
 *     selector = [scope ("/" | ":")] target *(":" argument)
 *     argument = key "=" value *("|" value) | key
 *
 * `a:b` could mean model `b` of folder `a`, or model `a` with the flag `--b`; the folder is looked for first.
 */
export interface TagSelector {
  /** Folder under `scripts/`. */
  scope: string | undefined;
  /** How scope and target were joined; with `:`, the target may turn out to be a flag. */
  joint: '/' | ':';
  /** Name, tag, or `all`. */
  target: string;
  arguments: readonly TagArgument[];
}

const keyPattern = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;

/** Reads tags as typed: repeated, with commas, or both. Throws INVALID_ARGUMENT. */
export function parseTags(typed: readonly string[]): TagSelector[] {
  return typed
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(parseTag);
}

function parseTag(text: string): TagSelector {
  if (controlCharacters.test(text)) throw badTag(text, 'it holds a control character');
  const parts = text
    .split(':')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const [head, second, ...rest] = parts;
  if (head === undefined) throw badTag(text, 'it names no model');
  if (head.includes('=')) {
    throw badTag(text, 'it names no model; arguments follow a model after ":", and a comma starts a new tag');
  }
  const slash = head.split('/');
  if (slash.length > 2 || slash.some((part) => part.trim() === '')) {
    throw badTag(text, 'a scope is one folder and one name, such as dir/model');
  }
  if (slash.length === 2) {
    const words = second === undefined ? rest : [second, ...rest];
    return selector(text, { scope: part(slash, 0), joint: '/', target: part(slash, 1) }, words);
  }
  if (second !== undefined && !second.includes('=')) {
    if (second.includes('/')) throw badTag(text, 'write either dir/model or dir:model');
    return selector(text, { scope: head, joint: ':', target: second }, rest);
  }
  const words = second === undefined ? rest : [second, ...rest];
  return selector(text, { scope: undefined, joint: '/', target: head }, words);
}

const part = (parts: readonly string[], index: number): string => (parts[index] ?? '').trim();

function selector(
  text: string,
  whom: Pick<TagSelector, 'scope' | 'joint' | 'target'>,
  words: readonly string[],
): TagSelector {
  const found = words.map((word) => parseArgument(text, word));
  const keys = found.map(({ key }) => key);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) {
    throw badTag(text, `argument ${twice} stands there twice; several values are written ${twice}=1|2`);
  }
  return { ...whom, arguments: found };
}

function parseArgument(text: string, word: string): TagArgument {
  const equals = word.indexOf('=');
  const key = (equals === -1 ? word : word.slice(0, equals)).trim();
  if (!keyPattern.test(key)) {
    throw badTag(text, `${quoted(key)} is no argument's name (letters, digits, "_", "-", ".")`);
  }
  if (equals === -1) return { key, values: [] };
  const values = word
    .slice(equals + 1)
    .split('|')
    .map((value) => value.trim());
  if (values.includes('')) throw badTag(text, `argument ${key} has an empty value`);
  return { key, values: [...new Set(values)] };
}

function badTag(text: string, why: string): MadError {
  return new MadError('INVALID_ARGUMENT', `Tag ${quoted(text)}: ${why}.`, {
    hint: 'Forms: name, tag, all, dir/model, dir:model, dir/tag, dir/all; arguments: model:batch_size=512, model:batch_size=1|2|4.',
  });
}

/** The shortest text that parses to this selector. */
export function printTag(tag: TagSelector): string {
  const whom = tag.scope === undefined ? tag.target : `${tag.scope}${tag.joint}${tag.target}`;
  const words = tag.arguments.map(({ key, values }) =>
    values.length === 0 ? key : `${key}=${values.join('|')}`,
  );
  return [whom, ...words].join(':');
}

/** Every combination of the arguments' values, as text to append to a card's `args`; the first argument varies slowest. */
export function argumentLines(words: readonly TagArgument[]): string[] {
  return words.reduce<string[]>(
    (lines, { key, values }) =>
      lines.flatMap((line) =>
        values.length === 0
          ? [`${line} --${key}`]
          : values.map((value) => `${line} --${key} ${shellWord(value)}`),
      ),
    [''],
  );
}

/** A card's `args` is one line in shell notation, so a value that isn't plain becomes one quoted word. */
const shellWord = (value: string): string =>
  /^[\p{L}\p{N}_@%+=:./-]+$/u.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
