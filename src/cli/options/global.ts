import type { OptionSpec } from '../option-spec.ts';

/** What every command understands. */
export const globalOptions = [
  {
    name: 'json',
    kind: 'flag',
    commands: 'all',
    help: 'Write events as JSON lines to standard output; discover and runs answer with one JSON value',
    group: 'Global',
  },
  {
    name: 'verbose',
    short: 'v',
    kind: 'flag',
    commands: 'all',
    help: 'Tell more: every step, and the causes of errors',
    group: 'Global',
  },
  {
    name: 'version',
    short: 'V',
    kind: 'flag',
    commands: 'all',
    help: 'Show the version',
    group: 'Global',
  },
  {
    name: 'help',
    short: 'h',
    kind: 'flag',
    commands: 'all',
    help: 'Show help for the program or the command',
    group: 'Global',
  },
] as const satisfies readonly OptionSpec[];
