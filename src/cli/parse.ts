import { type Command, CommanderError } from 'commander';
import { MadError } from '../foundation/error.ts';
import { nearestNames } from '../foundation/nearest-name.ts';
import { commandLine, type HelpStyle, helpText } from './command-line.ts';
import { commands } from './commands.ts';
import {
  belongsTo,
  type CommandGroup,
  type CommandName,
  commandGroups,
  commandNames,
  groupCommands,
  isGroup,
  laterCommands,
  laterOptions,
  namesOf,
  type OptionOrigin,
  type OptionSpec,
  type Program,
} from './option-spec.ts';
import { optionValue } from './option-value.ts';
import { type OptionValues, options } from './options.ts';

export type Parsed = { kind: 'help'; text: string } | { kind: 'version' } | ParsedCommand;

export interface ParsedCommand {
  kind: 'command';
  command: CommandName;
  /** Words behind the command, as its `operands` name them. */
  operands: readonly string[];
  values: OptionValues;
  origins: Readonly<Record<string, OptionOrigin>>;
}

export interface CommandLineInput {
  program: Program;
  /** Without the program itself. */
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  style: HelpStyle;
  /** The options; another table is for tests. */
  table?: readonly OptionSpec[];
}

/** What the command line asks for. Throws INVALID_ARGUMENT or INVALID_ENVIRONMENT with the likeliest remedy as hint. */
export function parseCommandLine(input: CommandLineInput): Parsed {
  const table = input.table ?? options;
  const line = commandLine(input.program, table, input.style);
  const { root } = line;
  const before = parseOptions(root, [...input.argv], input.program, undefined);
  const typedBefore = (name: string): unknown => root.getOptionValue(attribute(name));
  const help = (name?: CommandName | CommandGroup): Parsed => ({
    kind: 'help',
    text: helpText(line, name, input.style),
  });

  const [word, ...others] = before.operands;
  if (word === undefined) {
    if (input.argv.length === 0 || typedBefore('help')) return help();
    if (typedBefore('version')) return { kind: 'version' };
    const [unknown] = before.unknown;
    if (unknown !== undefined) throw unknownOption(unknown, input.program, undefined, table);
    // The Python tool's `madengine -v` was its version; before or behind a command it is --verbose.
    if (input.program === 'madengine' && typedBefore('verbose')) return { kind: 'version' };
    throw usageError('No command given.', `Commands: ${firstWords.join(', ')}. See ${input.program} --help.`);
  }
  if (word === 'help') {
    const [about, sub] = [...others, ...before.unknown];
    if (about === undefined) return help();
    if (isGroup(about) && sub === undefined) return help(about);
    return help(commandNamed(about, sub, input.program));
  }
  const typedWords: { own?: string; words: readonly string[] } = isGroup(word)
    ? groupWords(before.unknown, table)
    : { words: before.unknown };
  if (isGroup(word) && typedWords.own === undefined && asksForHelp(before.unknown)) return help(word);
  const name = commandNamed(word, typedWords.own, input.program);
  const command = line.command(name);
  const rest = parseOptions(command, [...typedWords.words], input.program, name);
  const typed = (one: string): unknown => command.getOptionValue(attribute(one)) ?? typedBefore(one);
  if (typed('help')) return help(name);
  if (typed('version')) return { kind: 'version' };
  const [unknown] = rest.unknown;
  if (unknown !== undefined) throw unknownOption(unknown, input.program, name, table);
  const { operands = [], examples } = commands[name];
  const excess = operands.at(-1)?.several ? undefined : rest.operands[operands.length];
  if (excess !== undefined) throw excessArgument(excess, input.program, name);
  // Options first: a mistake in one of them may have swallowed the word.
  const values = valuesOf(table, typed, input, name);
  const missing = operands[rest.operands.length];
  if (missing?.required) {
    throw usageError(
      `${input.program} ${name} needs a <${missing.name}>: ${missing.help}.`,
      `For example: ${exampleOf(input.program, name, examples[0] ?? '')}`,
    );
  }
  return { kind: 'command', command: name, operands: rest.operands, ...values };
}

/** What the first word of a command line can be. */
const firstWords = [...new Set(commandNames.map((name) => name.split(' ')[0] ?? name))];

/** The word of a group's command, which only global flags may stand before, and the words without it. */
function groupWords(
  words: readonly string[],
  table: readonly OptionSpec[],
): { own?: string; words: readonly string[] } {
  const isGlobalFlag = (word: string): boolean =>
    table.some(
      (option) =>
        option.commands === 'all' && (word === `--${option.name}` || word === `-${option.short ?? ''}`),
    );
  const at = words.findIndex((word) => !isGlobalFlag(word));
  const own = words[at];
  return own === undefined || own.startsWith('-') ? { words } : { own, words: words.toSpliced(at, 1) };
}

const asksForHelp = (words: readonly string[]): boolean =>
  words.some((word) => word === '--help' || word === '-h');

function valuesOf(
  table: readonly OptionSpec[],
  typed: (name: string) => unknown,
  input: CommandLineInput,
  command: CommandName,
): { values: OptionValues; origins: Record<string, OptionOrigin> } {
  const values: Record<string, unknown> = {};
  const origins: Record<string, OptionOrigin> = {};
  const context = { program: input.program, command, env: input.env, table };
  for (const option of table) {
    const names = namesOf(option, input.program);
    const given = belongsTo(option, command) ? names.map(typed).find((one) => one !== undefined) : undefined;
    const { value, origin } = optionValue(option, given, context);
    values[option.name] = value;
    origins[option.name] = origin;
  }
  rejectConflicts(table, origins);
  // The table's type is what fixes the names and types of the values; a test walks all of them.
  return { values: values as OptionValues, origins };
}

/**
 * The same command with what its project file says, which wins over defaults only. Where a value of the file can't go
 * together with what was typed, the file gives way.
 */
export function withProjectValues(
  parsed: ParsedCommand,
  project: ReadonlyMap<string, unknown>,
  table: readonly OptionSpec[] = options,
): ParsedCommand {
  const values: Record<string, unknown> = { ...parsed.values };
  const origins: Record<string, OptionOrigin> = { ...parsed.origins };
  const excludes = (one: string, other: string): boolean =>
    table.find((option) => option.name === one)?.conflicts?.includes(other) ?? false;
  const given = Object.keys(origins).filter((name) => origins[name] !== 'default');
  for (const [name, value] of project) {
    if (origins[name] !== 'default') continue;
    if (given.some((other) => excludes(name, other) || excludes(other, name))) continue;
    values[name] = value;
    origins[name] = 'project file';
  }
  return { ...parsed, values: values as OptionValues, origins };
}

function rejectConflicts(table: readonly OptionSpec[], origins: Record<string, OptionOrigin>): void {
  for (const option of table) {
    if (origins[option.name] !== 'option') continue;
    const other = option.conflicts?.find((name) => origins[name] === 'option');
    if (other) {
      throw usageError(`--${option.name} and --${other} can't be used together.`, 'Leave one of them out.');
    }
  }
}

function parseOptions(
  command: Command,
  argv: string[],
  program: Program,
  name: CommandName | undefined,
): { operands: string[]; unknown: string[] } {
  try {
    return command.parseOptions(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const option = options.find((one) => error.message.includes(`--${one.name} `));
    const flag = /--[\w-]+/.exec(error.message)?.[0] ?? 'An option';
    const example =
      option && 'example' in option ? `For example: ${exampleOf(program, name, option.example)}` : undefined;
    throw usageError(`${flag} needs a value.`, example ?? seeHelp(program, name));
  }
}

/** `own` is the word behind a group's. */
function commandNamed(word: string, own: string | undefined, program: Program): CommandName {
  if (isGroup(word)) return commandOf(word, own, program);
  const name = commandNames.find((one) => one === word);
  if (name) return name;
  if (Object.hasOwn(laterCommands, word)) {
    const instead = laterCommands[word as keyof typeof laterCommands];
    throw usageError(`"${word}" is not in this version of madengine yet.`, instead);
  }
  const [close] = nearestNames(word, firstWords, 1);
  const remedy = close ? `Did you mean "${close}"?` : `Commands: ${firstWords.join(', ')}.`;
  throw usageError(`Unknown command "${word}".`, `${remedy} See ${program} --help.`);
}

function commandOf(group: CommandGroup, own: string | undefined, program: Program): CommandName {
  const known = groupCommands(group);
  if (own === undefined) {
    const { alone } = commandGroups[group];
    if (alone !== undefined) return alone;
    throw usageError(`${program} ${group} needs a command.`, `Commands: ${known.join(', ')}.`);
  }
  const name = commandNames.find((one) => one === `${group} ${own}`);
  if (name) return name;
  const [close] = nearestNames(own, known, 1);
  const remedy = close ? `Did you mean "${close}"?` : `Commands: ${known.join(', ')}.`;
  throw usageError(`Unknown command "${group} ${own}".`, `${remedy} See ${program} ${group} --help.`);
}

function unknownOption(
  word: string,
  program: Program,
  command: CommandName | undefined,
  table: readonly OptionSpec[],
): MadError {
  const flag = word.startsWith('--') ? (word.split('=', 1)[0] ?? word) : word;
  const isNamed = (option: OptionSpec): boolean =>
    namesOf(option, program).some((name) => `--${name}` === flag) || `-${option.short}` === flag.slice(0, 2);
  const here = table.filter((option) => option.commands === 'all' || (command && belongsTo(option, command)));
  if (flag !== word && here.some(isNamed))
    return usageError(`${flag} takes no value, but "${word}" gives one.`, 'Write it without "=…".');
  if (Object.hasOwn(laterOptions, flag)) {
    const instead = laterOptions[flag as keyof typeof laterOptions];
    return usageError(`${flag} is not in this version of madengine yet.`, instead);
  }
  const where = command ? ` for ${program} ${command}` : ' before the command';
  const message = `Unknown option ${flag}${where}.`;
  const elsewhere = table.find((option) => !here.includes(option) && isNamed(option));
  if (elsewhere) {
    const owners = commandNames.filter((name) => belongsTo(elsewhere, name));
    const remedy = command
      ? `${flag} belongs to ${owners.map((owner) => `"${owner}"`).join(', ')}.`
      : `It stands behind the command: ${exampleOf(program, owners[0], elsewhere.example ?? `--${elsewhere.name}`)}`;
    return usageError(message, `${remedy}\n${seeHelp(program, command)}`);
  }
  const known = (command ? here : table).flatMap((option) =>
    namesOf(option, program).map((name) => `--${name}`),
  );
  const [close] = flag.startsWith('--') ? nearestNames(flag, known, 1) : [];
  const example = here.find((option) => `--${option.name}` === close)?.example;
  const suggestion = close
    ? `Did you mean ${close}?${example ? ` For example: ${exampleOf(program, command, example)}` : ''}\n`
    : '';
  return usageError(message, `${suggestion}${seeHelp(program, command)}`);
}

function excessArgument(word: string, program: Program, command: CommandName): MadError {
  const takesTags = options.some((option) => option.name === 'tags' && belongsTo(option, command));
  if (!takesTags) return usageError(`Unexpected argument "${word}".`, seeHelp(program, command));
  return usageError(
    `Unexpected argument "${word}".`,
    `Models are chosen with --tags: ${program} ${command} --tags ${/^\w[\w.:=/-]*$/.test(word) ? word : 'dummy'}\n${seeHelp(program, command)}`,
  );
}

const attribute = (name: string): string =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

const exampleOf = (program: Program, command: CommandName | undefined, example: string): string =>
  `${program} ${command ?? '<command>'} ${example}`;

const seeHelp = (program: Program, command: CommandName | undefined): string =>
  `See ${program} ${command ? `${command} ` : ''}--help.`;

const usageError = (message: string, hint: string): MadError =>
  new MadError('INVALID_ARGUMENT', message, { hint });
