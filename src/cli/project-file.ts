/** `madengine.config.json` at the root of a package: defaults for options, and context. */
import { join } from 'node:path';
import { isPlainObject } from '../context/merge.ts';
import { MadError } from '../foundation/error.ts';
import { nearestNames } from '../foundation/nearest-name.ts';
import { readPackageJson } from '../package/json-file.ts';
import { belongsTo, type CommandName, commandNames, type OptionSpec } from './option-spec.ts';
import { textProblem } from './option-value.ts';

const projectFileName = 'madengine.config.json';

export interface ProjectFile {
  /** By long name; those of the command over the common ones. */
  options: ReadonlyMap<string, unknown>;
  context: Readonly<Record<string, unknown>>;
  /** Files of the package with plugins, relative to it. */
  plugins: readonly string[];
}

/** They ask for an answer instead of work; plugins have a key of their own, whose paths are the package's. */
const typedOnly = new Set(['help', 'version', 'plugin']);

/** Options that may stand in the file. */
export const projectOptions = (table: readonly OptionSpec[]): OptionSpec[] =>
  table.filter((option) => !typedOnly.has(option.name));

/** The file's values for one command; undefined where there is no file. Throws INVALID_FILE with the key. */
export async function readProjectFile(
  folder: string,
  command: CommandName,
  table: readonly OptionSpec[],
): Promise<ProjectFile | undefined> {
  const data = await readPackageJson(join(folder, projectFileName), projectFileName);
  return data === undefined ? undefined : parseProjectFile(data, command, table);
}

export function parseProjectFile(
  data: unknown,
  command: CommandName,
  table: readonly OptionSpec[],
): ProjectFile {
  const file = objectAt(data, '');
  refuseUnknown(file, ['$schema', 'options', 'commands', 'context', 'plugins'], '');
  const known = projectOptions(table);
  const common = optionsAt(file.options ?? {}, 'options', known);
  const commands = objectAt(file.commands ?? {}, 'commands');
  refuseUnknown(commands, commandNames, 'commands');
  const values = new Map([...common].filter(([name]) => isFor(known, name, command)));
  // All commands are checked, so that a mistake shows before the day on which that command is used.
  for (const name of commandNames) {
    const mine = known.filter((option) => belongsTo(option, name));
    const own = optionsAt(commands[name] ?? {}, `commands.${name}`, mine);
    if (name === command) for (const [option, value] of own) values.set(option, value);
  }
  return {
    options: values,
    context: objectAt(file.context ?? {}, 'context'),
    plugins: listAt(file.plugins ?? [], 'plugins'),
  };
}

const isFor = (known: readonly OptionSpec[], name: string, command: CommandName): boolean =>
  known.some((option) => option.name === name && belongsTo(option, command));

function optionsAt(data: unknown, path: string, known: readonly OptionSpec[]): Map<string, unknown> {
  const object = objectAt(data, path);
  refuseUnknown(
    object,
    known.map((option) => option.name),
    path,
  );
  const values = new Map<string, unknown>();
  for (const option of known) {
    if (!Object.hasOwn(object, option.name)) continue;
    values.set(option.name, optionAt(option, object[option.name], `${path}.${option.name}`));
  }
  return values;
}

function optionAt(option: OptionSpec, value: unknown, path: string): unknown {
  if (option.kind === 'flag') return typeof value === 'boolean' ? value : wrong(path, 'true or false', value);
  if (option.kind === 'list') {
    return listAt(typeof value === 'string' ? [value] : value, path);
  }
  if (option.kind === 'percent') {
    const problem = textProblem(option, String(value));
    if (problem !== undefined) return wrong(path, problem.slice('must be '.length), value);
    return Number.parseFloat(String(value));
  }
  if (option.kind === 'number') {
    const isWord = typeof value === 'string' && option.words?.includes(value);
    const orWord = (option.words ?? []).map((word) => ` or ${JSON.stringify(word)}`).join('');
    if (typeof value !== 'number' && !isWord) return wrong(path, `a whole number${orWord}`, value);
  } else if (typeof value !== 'string' || value === '') return wrong(path, 'text', value);
  const problem = textProblem(option, String(value));
  return problem === undefined ? value : wrong(path, problem.slice('must be '.length), value);
}

function listAt(value: unknown, path: string): readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')
    ? value
    : wrong(path, 'a list of texts', value);
}

function objectAt(data: unknown, path: string): Readonly<Record<string, unknown>> {
  return isPlainObject(data) ? data : wrong(path, 'an object', data);
}

function refuseUnknown(
  object: Readonly<Record<string, unknown>>,
  known: readonly string[],
  path: string,
): void {
  const unknown = Object.keys(object).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const at = path === '' ? JSON.stringify(unknown) : `${path}, key ${JSON.stringify(unknown)}`;
  const [close] = nearestNames(unknown, known, 1);
  throw new MadError('INVALID_FILE', `${projectFileName}, ${path === '' ? `key ${at}` : at}: unknown key.`, {
    hint: close === undefined ? `Known are ${known.join(', ')}.` : `Did you mean ${JSON.stringify(close)}?`,
  });
}

function wrong(path: string, expected: string, value: unknown): never {
  const where = path === '' ? 'the whole file' : `key ${path}`;
  throw new MadError(
    'INVALID_FILE',
    `${projectFileName}, ${where}: expected ${expected}, found ${shown(value)}.`,
    {
      hint: `Correct it, or take the key out; schema/project.json in the installed package describes the file.`,
    },
  );
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value !== null && typeof value === 'object') return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
