/** What one option is, as plain data: parser, help, `docs/options.md` and `schema/options.json` come from it. */

export const programs = ['madengine', 'madengine-cli'] as const;
export type Program = (typeof programs)[number];

/** A command of a group has the group's name before its own. */
export const commandNames = [
  'run',
  'build',
  'discover',
  'bisect',
  'runs list',
  'runs show',
  'runs diff',
  'runs follow',
  'runs reproduce',
  'runs prune',
] as const;
export type CommandName = (typeof commandNames)[number];

/** Commands that stand behind a word of their own, with the one that the word alone means. */
export const commandGroups = {
  runs: { summary: 'Look at campaigns: those that are over and those that run', alone: 'runs list' },
} as const satisfies Record<string, { summary: string; alone?: CommandName }>;
export type CommandGroup = keyof typeof commandGroups;

/** The Python tool's commands that this version has not, each with what there is in its place. */
export const laterCommands = {
  generate: 'Copy build_manifest.json to the nodes and start `madengine-cli run --manifest-file` there.',
  runner: 'Start `madengine-cli run --manifest-file build_manifest.json` on each node.',
  report:
    'The results are in perf.csv and results_summary.json; `run --report` and `run --junit` write others.',
  database: 'The results are in perf.csv and perf_entry.json.',
} as const;

/** The same for options, by their flags. */
export const laterOptions = {
  '--build-on-compute':
    'It builds within a Slurm job. Build on any machine with --registry: nodes pull what was pushed.',
} as const;

export const isGroup = (word: string): word is CommandGroup => Object.hasOwn(commandGroups, word);

/** Own names of a group's commands. */
export const groupCommands = (group: CommandGroup): string[] =>
  commandNames.filter((name) => name.startsWith(`${group} `)).map((name) => name.slice(group.length + 1));

export const optionGroups = [
  'Models',
  'Context',
  'Build',
  'Bisect',
  'Run',
  'Samples',
  'Images',
  'Surroundings',
  'Campaigns',
  'Results',
  'Global',
] as const;
export type OptionGroup = (typeof optionGroups)[number];

export interface OptionSpec {
  /** Long name, without dashes. */
  name: string;
  /** One letter. */
  short?: string;
  /** The commands where `short` means this option; all of `commands` when absent. */
  shortIn?: readonly CommandName[];
  /** A percentage is a number above 0, with or without its sign; a list takes several values at once and may be repeated. */
  kind: 'flag' | 'text' | 'path' | 'number' | 'percent' | 'list' | 'choice';
  /** `all`: before the command, too. */
  commands: readonly CommandName[] | 'all';
  /** Further long names that a program accepts. */
  aliases?: Partial<Record<Program, readonly string[]>>;
  /** Of a flag: its aliases may have `true` or `false` behind them, as in the Python tool. */
  aliasesTakeValue?: true;
  /** Names of options that can't be given beside it. */
  conflicts?: readonly string[];
  /** Environment variable that gives the value when the command line doesn't. */
  env?: string;
  /** Of a flag: true, when it is on unless `--no-…` is given. */
  default?: string | number | boolean;
  /** Of a text or a choice: its value where the option is given without one. */
  bare?: string;
  /** Smallest value of a number; numbers are whole. */
  minimum?: number;
  /** Words that a number may be instead. */
  words?: readonly string[];
  choices?: readonly string[];
  /** How the value is called in the help. */
  metavar?: string;
  help: string;
  /** What stands behind the command in an example. */
  example?: string;
  group: OptionGroup;
}

/** Where the value of an option came from. */
export type OptionOrigin = 'option' | 'environment' | 'project file' | 'default';

type ValueOf<O> = O extends { kind: 'flag' }
  ? boolean
  : O extends { kind: 'number'; words: readonly (infer Word)[] }
    ? number | Word
    : O extends { kind: 'number' | 'percent' }
      ? number
      : O extends { kind: 'list' }
        ? readonly string[]
        : O extends { kind: 'choice'; choices: readonly (infer Choice)[] }
          ? Choice
          : O extends { default: string }
            ? string
            : string | undefined;

/** The values of all options of a table, by long name. */
export type ValuesOf<Table extends readonly OptionSpec[]> = {
  [O in Table[number] as O['name']]: ValueOf<O>;
};

export const belongsTo = (option: OptionSpec, command: CommandName): boolean =>
  option.commands === 'all' || option.commands.includes(command);

export const shortOf = (option: OptionSpec, command: CommandName | undefined): string | undefined =>
  option.shortIn === undefined || (command !== undefined && option.shortIn.includes(command))
    ? option.short
    : undefined;

/** All long names by which a program knows an option, its own name first. */
export const namesOf = (option: OptionSpec, program: Program): string[] => [
  option.name,
  ...(option.aliases?.[program] ?? []),
];
