import { commands } from '../../src/cli/commands.ts';
import {
  belongsTo,
  type CommandName,
  commandNames,
  namesOf,
  type OptionSpec,
  optionGroups,
  programs,
  shortOf,
} from '../../src/cli/option-spec.ts';
import { options } from '../../src/cli/options.ts';
import { projectOptions } from '../../src/cli/project-file.ts';
import type { JsonSchema } from './json-schema.ts';
import { generatedNote, markdownTable } from './markdown.ts';

const table: readonly OptionSpec[] = options;

export function optionsPage(): string {
  return `${generatedNote}
<!-- examples: built -->
# Options

Both programs, ${programs.map((name) => `\`${name}\``).join(' and ')}, have the same commands and options; names that
only one of them takes are marked. Global options stand before or behind the command. An option wins over its
environment variable, that over the [project file](context.md#the-project-file), that over the default; an empty value
counts as not given. A list takes several values at once (\`--tags a b\`) and may be repeated. \`--no-\` before the name of a flag turns it off.

Exit codes: 0 all good; 1 general failure; 2 a build or push failed; 3 a run failed; 4 invalid arguments or files; 129, 130
and 143 after SIGHUP, SIGINT and SIGTERM.

${commandNames.map(commandSection).join('\n')}`;
}

function commandSection(name: CommandName): string {
  const groups = optionGroups.map((group) => {
    const mine = table.filter((option) => option.group === group && belongsTo(option, name));
    return mine.length === 0 ? '' : `### ${group}\n\n${optionTable(mine, name)}\n\n`;
  });
  const examples = commands[name].examples.map((example) => `madengine-cli ${name} ${example}`.trimEnd());
  return `## ${name}\n\n${commands[name].description}\n\n\`\`\`${commands[name].isForm ? 'text' : 'sh'}\n${examples.join('\n')}\n\`\`\`\n\n${groups.join('')}`;
}

function optionTable(mine: readonly OptionSpec[], name: CommandName): string {
  const rows = mine.map((option) => {
    const short = shortOf(option, name);
    return [
      `\`--${option.name}\`${short ? `, \`-${short}\`` : ''}${aliasText(option)}`,
      valueText(option),
      option.default === undefined ? '' : `\`${option.default}\``,
      option.env ? `\`${option.env}\`` : '',
      option.help,
    ];
  });
  return markdownTable(['Option', 'Value', 'Default', 'Environment', 'Meaning'], rows);
}

const aliasText = (option: OptionSpec): string =>
  programs
    .flatMap((program) =>
      namesOf(option, program)
        .slice(1)
        .map((alias) => `, \`--${alias}\` (${program})`),
    )
    .join('');

function valueText(option: OptionSpec): string {
  if (option.choices) return option.choices.map((choice) => `\`${choice}\``).join(', ');
  if (option.kind === 'flag') return '';
  const words = (option.words ?? []).map((word) => `, \`${word}\``).join('');
  return option.kind === 'list' ? `${option.metavar}…` : `${option.metavar ?? option.kind}${words}`;
}

/** The options of each command as an object, for tools that put command lines together. */
export const optionsSchema = (): JsonSchema => ({
  type: 'object',
  properties: Object.fromEntries(commandNames.map((name) => [name, commandSchema(name)])),
  additionalProperties: false,
});

/** `madengine.config.json`: options as defaults, for all commands and for one. */
export const projectSchema = (): JsonSchema => ({
  type: 'object',
  properties: {
    $schema: { type: 'string', description: 'For editors.' },
    options: {
      type: 'object',
      description: 'Defaults for every command that has the option.',
      properties: defaultsOf(() => true),
      additionalProperties: false,
    },
    commands: {
      type: 'object',
      description: 'Defaults for one command; they win over the common ones.',
      properties: Object.fromEntries(
        commandNames.map((name) => [
          name,
          {
            type: 'object',
            description: commands[name].summary,
            properties: defaultsOf((option) => belongsTo(option, name)),
            additionalProperties: false,
          },
        ]),
      ),
      additionalProperties: false,
    },
    plugins: {
      type: 'array',
      items: { type: 'string' },
      description: 'Files of the package with plugins, by their paths in it; `run` and `build` load them.',
    },
    context: {
      type: 'object',
      description: 'Additional context, under everything that is typed and under what a manifest holds.',
    },
  },
  additionalProperties: false,
});

const defaultsOf = (wanted: (option: OptionSpec) => boolean): Record<string, JsonSchema> =>
  Object.fromEntries(
    projectOptions(table)
      .filter(wanted)
      .map((option) => [option.name, optionSchema(option)]),
  );

const commandSchema = (name: CommandName): JsonSchema => ({
  type: 'object',
  description: commands[name].summary,
  properties: Object.fromEntries(
    table.filter((option) => belongsTo(option, name)).map((option) => [option.name, optionSchema(option)]),
  ),
  additionalProperties: false,
});

function optionSchema(option: OptionSpec): JsonSchema {
  const common = {
    description: option.help,
    ...(option.default === undefined ? {} : { default: option.default }),
  };
  switch (option.kind) {
    case 'flag':
      return { type: 'boolean', ...common, default: option.default === true };
    case 'number':
      return {
        ...(option.words
          ? { anyOf: [{ type: 'integer' }, { type: 'string', enum: [...option.words] }] }
          : { type: 'integer' }),
        ...common,
        ...(option.minimum === undefined ? {} : { minimum: option.minimum }),
      };
    case 'percent':
      return {
        anyOf: [{ type: 'number' }, { type: 'string', pattern: '^\\d{1,3}(\\.\\d+)?%?$' }],
        ...common,
      };
    case 'list':
      return { type: 'array', items: { type: 'string' }, ...common };
    case 'choice':
      return { type: 'string', enum: [...(option.choices ?? [])], ...common };
    default:
      return { type: 'string', ...common };
  }
}
