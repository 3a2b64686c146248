import type { CommandName } from './option-spec.ts';

/** What each command does, in one line and in one paragraph, and what people type behind it. */
export interface CommandSpec {
  summary: string;
  description: string;
  examples: readonly string[];
  /** The examples name what only some folder has: they show a form, and work nowhere as they stand. */
  isForm?: true;
  /** Words behind the command that are no options, in their order. */
  operands?: readonly OperandSpec[];
}

export interface OperandSpec {
  name: string;
  help: string;
  required: boolean;
  /** Any number of them; only the last one. */
  several?: true;
}

const whichCampaign: OperandSpec = {
  name: 'campaign',
  help: 'Id of a campaign, or an end of it that no other has; the latest when absent',
  required: false,
};

export const commands: Readonly<Record<CommandName, CommandSpec>> = {
  run: {
    summary: 'Run models: build their images first, or take the images of a build manifest',
    description:
      'With --tags, selects models, builds and pushes their images, writes the build manifest and runs every model.\n' +
      'With --manifest-file, runs what that manifest holds; --tags then chooses from it.',
    examples: [
      '--tags dummy --registry localhost:5000 --timeout 3600',
      '--manifest-file build_manifest.json --live-output',
      '--resume',
    ],
  },
  build: {
    summary: 'Build (and push) the images of models and write the build manifest',
    description:
      'Selects models, builds their images, pushes them where --registry is given and writes the build manifest, ' +
      'which has all that a machine needs to run the models.',
    examples: [
      `--tags dummy resnet --registry docker.io --additional-context '{"gpu_vendor": "AMD", "guest_os": "UBUNTU"}'`,
      '--tags dummy --package file',
    ],
  },
  bisect: {
    summary: 'Find the change that made a metric of a model worse',
    description:
      "Looks through a list of images, or the commits of the package or of the model's repository, from a good to a bad end.\n" +
      'Executes the model as often as the noise of its metric needs, and says why each of them was judged good or bad.',
    isForm: true,
    examples: [
      '--tags dummy --image-list app:1 app:2 app:3 app:4',
      '--tags dummy --good v1.0 --bad HEAD',
      '--resume',
    ],
  },
  discover: {
    summary: 'List the models of the MAD package in the current folder',
    description:
      'Without --tags, lists all models. With --tags, shows the selected ones: a table on a terminal, their cards as ' +
      'JSON into a pipe or with --json.',
    examples: ['', '--tags dummy3:dummy_3:batch_size=512'],
  },
  'runs list': {
    summary: 'List the campaigns of a results folder, the latest last',
    description:
      'Each campaign of the folder of --output, with its state and how its runs ended: a table, or with --json an array.',
    examples: ['', '--output perf.csv --json'],
  },
  'runs show': {
    summary: 'Show one campaign with its runs, or one run with everything that is recorded of it',
    description:
      'The latest campaign, or the campaign or run whose id is given; with --json the records themselves.',
    examples: ['', '--json'],
    operands: [
      {
        name: 'id',
        help: 'Id of a campaign or a run, or an end of it that no other has; the latest campaign when absent',
        required: false,
      },
    ],
  },
  'runs diff': {
    summary: 'Show what differs between two runs, or between the same models of two campaigns',
    description:
      'The change of each metric, and then everything that differs, the most telling first: image, package, arguments, ' +
      'context, driver, GPUs, kernel, …; with --json as one JSON value.',
    isForm: true,
    examples: ['01a2 77f0', '01a2 77f0 --json'],
    operands: [
      { name: 'a', help: 'Id of a campaign or a run, or an end of it that no other has', required: true },
      { name: 'b', help: 'What it is compared with', required: true },
    ],
  },
  'runs follow': {
    summary: 'Follow a campaign that runs, from another terminal',
    description:
      'Shows what happened so far and what happens from now on, until the campaign is over. Ctrl-C ends only the watching.',
    examples: [''],
    operands: [whichCampaign],
  },
  'runs reproduce': {
    summary:
      'Make a run, or all runs of a campaign, again: with the same image, package, context and options',
    description:
      'A new campaign with all that the old one recorded. Says first what could not be made the same, and in the end what ' +
      'differs, as `runs diff` does.',
    isForm: true,
    examples: ['01a2'],
    operands: [
      { name: 'id', help: 'Id of a campaign or a run, or an end of it that no other has', required: true },
    ],
  },
  'runs prune': {
    summary: 'Remove campaigns that are over, and with --images what they built and pulled',
    description:
      'Removes folders of campaigns: by ids, by age, by number, or those that failed; several rules together mean that all ' +
      'of them hold. Never a campaign that runs, and never a row of perf.csv.',
    examples: ['--keep 20 --dry-run', '--older-than 30d --images'],
    operands: [
      {
        name: 'campaign',
        help: 'Ids of campaigns, or ends of them that no other has',
        required: false,
        several: true,
      },
    ],
  },
};
