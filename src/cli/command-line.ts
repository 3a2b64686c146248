import { Command, Option } from 'commander';
import { commands } from './commands.ts';
import {
  belongsTo,
  type CommandGroup,
  type CommandName,
  commandGroups,
  commandNames,
  groupCommands,
  isGroup,
  namesOf,
  type OptionSpec,
  type Program,
  shortOf,
} from './option-spec.ts';

/** How wide and how colourful the help may be. */
export interface HelpStyle {
  columns: number;
  heading(text: string): string;
}

/** The program with its commands as commander knows them; nothing in it acts on its own. */
export interface CommandLine {
  /** Knows the names of all commands, and what the options before them are. */
  root: Command;
  /** The command with its options, which are only made for the one that is asked for: there are hundreds. */
  command(name: CommandName): Command;
}

export function commandLine(program: Program, table: readonly OptionSpec[], style: HelpStyle): CommandLine {
  const root = bare(new Command(program), style)
    .description('Takes AI models from a MAD package to trustworthy performance numbers.')
    .usage('<command> [options]')
    .enablePositionalOptions();
  for (const option of table) if (option.commands === 'all') addOption(root, option, program, undefined);
  for (const name of commandNames) {
    const parent = parentOf(name, root, style);
    const { summary, description, operands = [] } = commands[name];
    const command = bare(parent.command(ownName(name)), style)
      .summary(summary)
      .description(description);
    for (const { name, help, required, several } of operands) {
      const shown = several ? `${name}...` : name;
      command.argument(required ? `<${shown}>` : `[${shown}]`, help);
    }
  }
  const whole = new Map<CommandName, Command>();
  return {
    root,
    command(name) {
      const known = whole.get(name);
      if (known) return known;
      const command = commandIn(root, name);
      for (const option of table) if (belongsTo(option, name)) addOption(command, option, program, name);
      whole.set(name, command);
      return command;
    },
  };
}

/** The root, or the command that stands for the name's group. */
function parentOf(name: CommandName, root: Command, style: HelpStyle): Command {
  const [word = ''] = name.split(' ');
  if (!isGroup(word)) return root;
  const made = root.commands.find((one) => one.name() === word);
  if (made) return made;
  const { summary } = commandGroups[word];
  return bare(root.command(word), style).summary(summary).description(summary).usage('<command> [options]');
}

const ownName = (name: CommandName): string => name.split(' ').at(-1) ?? name;

function commandIn(root: Command, name: CommandName): Command {
  const words = name.split(' ');
  return words.reduce((at, word) => at.commands.find((one) => one.name() === word) ?? at, root);
}

function bare(command: Command, style: HelpStyle): Command {
  return command
    .helpOption(false)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .configureHelp({ helpWidth: style.columns, styleTitle: style.heading });
}

function addOption(
  command: Command,
  option: OptionSpec,
  program: Program,
  name: CommandName | undefined,
): void {
  const value = valuePlace(option);
  const short = shortOf(option, name);
  command.addOption(
    new Option(`${short ? `-${short}, ` : ''}--${option.name}${value}`, describe(option, program)).helpGroup(
      `${option.group}:`,
    ),
  );
  for (const alias of namesOf(option, program).slice(1)) {
    const place = option.aliasesTakeValue ? ' [true|false]' : value;
    command.addOption(new Option(`--${alias}${place}`).hideHelp());
  }
  // Behind the flag itself, or commander takes it for one that is on by default.
  if (hasOpposite(option)) command.addOption(new Option(`--no-${option.name}`).hideHelp());
}

/** A flag that the project file turns on must be possible to turn off. */
const hasOpposite = (option: OptionSpec): boolean =>
  option.kind === 'flag' && option.name !== 'help' && option.name !== 'version';

function valuePlace(option: OptionSpec): string {
  if (option.kind === 'flag') return '';
  const name = option.metavar ?? option.choices?.join('|') ?? option.kind;
  if (option.bare !== undefined) return ` [${name}]`;
  return option.kind === 'list' ? ` <${name}...>` : ` <${name}>`;
}

function describe(option: OptionSpec, program: Program): string {
  const facts: string[] = [];
  if (option.default !== undefined) facts.push(`default: ${option.default}`);
  if (option.kind === 'flag' && option.default === true) facts.push(`off: --no-${option.name}`);
  if (option.env) facts.push(`environment: ${option.env}`);
  const aliases = namesOf(option, program).slice(1);
  if (aliases.length > 0) facts.push(`also: ${aliases.map((alias) => `--${alias}`).join(', ')}`);
  return facts.length === 0 ? option.help : `${option.help} (${facts.join('; ')})`;
}

/** The help of the program, of a group of commands, or of one command, ending in a line feed. */
export function helpText(
  { root, ...line }: CommandLine,
  name: CommandName | CommandGroup | undefined,
  style: HelpStyle,
): string {
  const program = root.name();
  if (name === undefined) {
    return `${root.helpInformation()}\n${program} <command> --help tells the options of a command.\n`;
  }
  if (isGroup(name)) {
    const group = root.commands.find((one) => one.name() === name);
    const [first = '<command>'] = groupCommands(name);
    return `${group?.helpInformation() ?? ''}\n${program} ${name} ${first} --help tells the options of a command.\n`;
  }
  const command = line.command(name);
  const examples = commands[name].examples.map((example) => `  ${program} ${name} ${example}`.trimEnd());
  return `${command.helpInformation()}\n${style.heading('Examples:')}\n${examples.join('\n')}\n`;
}
