import type { OptionSpec } from '../option-spec.ts';
import { looking, measuring, working } from './command-sets.ts';

/** What is written and shown of results. */
export const resultOptions = [
  {
    name: 'output',
    short: 'o',
    kind: 'path',
    commands: [...measuring, ...looking],
    default: 'perf.csv',
    metavar: 'file',
    help: 'The table of results; its folder is where all results go',
    group: 'Results',
  },
  {
    name: 'summary-output',
    short: 's',
    kind: 'path',
    commands: working,
    metavar: 'file',
    help: 'Write a summary as JSON',
    example: '--summary-output summary.json',
    group: 'Results',
  },
  {
    name: 'junit',
    kind: 'path',
    commands: ['run'],
    metavar: 'file',
    help: 'Write the results as JUnit XML, for CI servers',
    example: '--tags dummy --junit results.xml',
    group: 'Results',
  },
  {
    name: 'report',
    kind: 'list',
    commands: ['run'],
    metavar: 'name=file',
    help: 'Write a report of the results into a file: junit, or a report of a plugin',
    example: '--tags dummy --report junit=results.xml',
    group: 'Results',
  },
  {
    name: 'known-failures',
    kind: 'path',
    commands: ['run'],
    metavar: 'file',
    help: 'JSON list of models that are known to fail, each with a reason: shown apart, and no reason for exit code 3',
    example: '--tags dummy --known-failures known-failures.json',
    group: 'Results',
  },
  {
    name: 'live-output',
    short: 'l',
    kind: 'flag',
    commands: [...measuring, 'runs reproduce'],
    help: 'Show the output of builds and models as it comes',
    group: 'Results',
  },
  {
    name: 'dry-run',
    kind: 'flag',
    commands: [...working, 'runs prune'],
    help: 'Show the plan with its exact commands and do nothing',
    group: 'Results',
  },
] as const satisfies readonly OptionSpec[];
