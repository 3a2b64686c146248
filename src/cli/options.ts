import { packageTransports } from '../campaign/options.ts';
import { engineKinds } from '../machine/engine/engine.ts';
import type { CommandName, OptionSpec, ValuesOf } from './option-spec.ts';

/** What each command does, in one line and in one paragraph, and what people type behind it. */
export interface CommandSpec {
  summary: string;
  description: string;
  examples: readonly string[];
  /** Words behind the command that are no options, in their order. */
  operands?: readonly OperandSpec[];
}

export interface OperandSpec {
  name: string;
  help: string;
  required: boolean;
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
      'Selects models, builds their images, pushes them where --registry is given and writes the build manifest,\n' +
      'which has all that a machine needs to run the models.',
    examples: [
      `--tags dummy resnet --registry docker.io --additional-context '{"gpu_vendor": "AMD", "guest_os": "UBUNTU"}'`,
      '--tags dummy --package file',
    ],
  },
  discover: {
    summary: 'List the models of the MAD package in the current folder',
    description:
      'Without --tags, lists all models. With --tags, shows the selected ones: a table on a terminal, their cards as\n' +
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
  'runs follow': {
    summary: 'Follow a campaign that runs, from another terminal',
    description:
      'Shows what happened so far and what happens from now on, until the campaign is over. Ctrl-C ends only the watching.',
    examples: [''],
    operands: [whichCampaign],
  },
};

const working = ['run', 'build'] as const;
const looking = ['runs list', 'runs show', 'runs follow'] as const;

/** Every option of both programs, in the order in which help and documentation show them. */
export const options = [
  {
    name: 'tags',
    short: 't',
    kind: 'list',
    commands: ['run', 'build', 'discover'],
    metavar: 'tag',
    help: 'Models to take: a name, a tag, <folder>:<model>, or "all"; :<name>=<value> behind it adds arguments',
    example: '--tags dummy resnet',
    group: 'Models',
  },
  {
    name: 'manifest-file',
    short: 'm',
    kind: 'path',
    commands: ['run'],
    metavar: 'file',
    help: 'Run the images of this build manifest; nothing is built',
    example: '--manifest-file build_manifest.json',
    group: 'Models',
  },
  {
    name: 'ignore-deprecated',
    kind: 'flag',
    commands: ['run'],
    aliases: { madengine: ['ignore-deprecated-flag'] },
    help: 'Run deprecated models, too, instead of skipping them',
    group: 'Models',
  },
  {
    name: 'disable-skip-gpu-arch',
    kind: 'flag',
    commands: ['run'],
    help: 'Run models even where their card skips this GPU architecture',
    group: 'Models',
  },
  {
    name: 'additional-context',
    short: 'c',
    kind: 'text',
    commands: working,
    metavar: 'object',
    help: 'Additional context as a JSON object or Python literal; wins over the file',
    example: `--additional-context '{"gpu_vendor": "AMD", "guest_os": "UBUNTU"}'`,
    group: 'Context',
  },
  {
    name: 'additional-context-file',
    short: 'f',
    kind: 'path',
    commands: working,
    metavar: 'file',
    help: 'File with additional context',
    example: '--additional-context-file context.json',
    group: 'Context',
  },
  {
    name: 'tools-config',
    kind: 'path',
    commands: ['run'],
    aliases: { madengine: ['tools-json-file-name'] },
    metavar: 'file',
    help: "File with tools for the context's `tools`, in place of the package's scripts/common/tools.json",
    example: '--tags dummy --tools-config tools.json',
    group: 'Context',
  },
  {
    name: 'registry',
    short: 'r',
    kind: 'text',
    commands: working,
    metavar: 'registry',
    help: 'Registry to push images to and pull them from',
    example: '--registry localhost:5000',
    group: 'Build',
  },
  {
    name: 'batch-manifest',
    kind: 'path',
    commands: ['build'],
    conflicts: ['tags'],
    metavar: 'file',
    help: 'In place of tags: JSON list of models to build anew (build_new) or to take as they are, each with its registry',
    example: '--batch-manifest batch.json --registry localhost:5000',
    group: 'Build',
  },
  {
    name: 'target-archs',
    short: 'a',
    kind: 'list',
    commands: ['build'],
    metavar: 'arch',
    help: 'Build each image once for each of these GPU architectures, such as gfx942 or mi300x',
    example: '--tags dummy --target-archs gfx90a gfx942',
    group: 'Build',
  },
  {
    name: 'use-image',
    kind: 'text',
    commands: ['build'],
    conflicts: ['registry', 'batch-manifest', 'target-archs'],
    metavar: 'image',
    help: 'Build nothing: write a manifest that runs all models in this image; auto: in the one that the cards name',
    example: '--tags dummy --use-image rocm/pytorch:latest',
    group: 'Build',
  },
  {
    name: 'clean-docker-cache',
    kind: 'flag',
    commands: working,
    help: 'Build images without the build cache',
    group: 'Build',
  },
  {
    name: 'manifest-output',
    short: 'm',
    shortIn: ['build'],
    kind: 'path',
    commands: working,
    default: 'build_manifest.json',
    metavar: 'file',
    help: 'Where the build manifest is written',
    group: 'Build',
  },
  {
    name: 'package',
    kind: 'choice',
    choices: packageTransports,
    commands: working,
    default: 'none',
    help: 'How the MAD package travels with the manifest: not at all, as a file beside it, or as an image',
    group: 'Build',
  },
  {
    name: 'jobs',
    short: 'j',
    kind: 'number',
    commands: working,
    default: 1,
    minimum: 1,
    metavar: 'count',
    help: 'Images to build at the same time',
    example: '--jobs 4',
    group: 'Build',
  },
  {
    name: 'timeout',
    kind: 'number',
    commands: ['run'],
    default: -1,
    minimum: -1,
    metavar: 'seconds',
    help: 'Limit for each model; 0: no limit, -1: the limit of its card',
    example: '--timeout 3600',
    group: 'Run',
  },
  {
    name: 'deadline',
    kind: 'number',
    commands: ['run'],
    default: 0,
    minimum: 0,
    metavar: 'seconds',
    help: 'Limit for all models together, counted from the start; what is not started by then is not run; 0: no limit',
    example: '--deadline 14400',
    group: 'Run',
  },
  {
    name: 'parallel',
    kind: 'number',
    words: ['auto'],
    commands: ['run'],
    default: 1,
    minimum: 1,
    metavar: 'count',
    help: 'Models to run at the same time, each on GPUs of its own; auto: as many as the GPUs allow',
    example: '--parallel auto',
    group: 'Run',
  },
  {
    name: 'retries',
    kind: 'number',
    commands: ['run'],
    default: 1,
    minimum: 0,
    metavar: 'count',
    help: 'Further attempts after a failure of what is around a model (image, data, device, engine), never of its own',
    example: '--retries 3',
    group: 'Run',
  },
  {
    name: 'strict',
    kind: 'flag',
    commands: ['run'],
    help: 'Refuse to run a model on a GPU that is busy or throttled, instead of warning',
    group: 'Run',
  },
  {
    name: 'resume',
    kind: 'text',
    bare: 'latest',
    commands: ['run'],
    conflicts: ['tags', 'manifest-file', 'use-image', 'batch-manifest', 'dry-run'],
    metavar: 'campaign',
    help: 'Go on with a campaign that was stopped, with all that it was asked for; without an id, with the latest',
    example: '--resume',
    group: 'Run',
  },
  {
    name: 'rerun-failed',
    kind: 'flag',
    commands: ['run'],
    help: 'With --resume, run again what failed, too',
    group: 'Run',
  },
  {
    name: 'keep-alive',
    kind: 'flag',
    commands: ['run'],
    help: 'Leave the containers running afterwards',
    group: 'Run',
  },
  {
    name: 'keep-model-dir',
    kind: 'flag',
    commands: ['run'],
    help: 'Leave the folders in which the models ran',
    group: 'Run',
  },
  {
    name: 'skip-model-run',
    kind: 'flag',
    commands: ['run'],
    help: "Do everything but the model's own script",
    group: 'Run',
  },
  {
    name: 'data-config',
    kind: 'path',
    commands: working,
    aliases: { madengine: ['data-config-file-name'] },
    metavar: 'file',
    help: "Where the data of models is described, in place of the package's data.json",
    example: '--tags dummy --data-config data.json',
    group: 'Run',
  },
  {
    name: 'force-mirror-local',
    kind: 'path',
    commands: working,
    metavar: 'folder',
    help: 'Keep all data that is not local in this folder, and take it from there the next time',
    example: '--tags dummy --force-mirror-local /tmp/mirror',
    group: 'Run',
  },
  {
    name: 'sys-env-details',
    kind: 'flag',
    commands: working,
    default: true,
    aliases: { madengine: ['generate-sys-env-details'] },
    aliasesTakeValue: true,
    help: 'Note what models run on (system, packages, GPUs) once for each image; the context can say otherwise',
    group: 'Run',
  },
  {
    name: 'engine',
    kind: 'choice',
    choices: engineKinds,
    commands: working,
    env: 'MAD_ENGINE',
    default: 'docker',
    help: 'What builds images and runs containers; host: run without a container',
    group: 'Run',
  },
  {
    name: 'output',
    short: 'o',
    kind: 'path',
    commands: [...working, ...looking],
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
    commands: working,
    help: 'Show the output of builds and models as it comes',
    group: 'Results',
  },
  {
    name: 'dry-run',
    kind: 'flag',
    commands: working,
    help: 'Show the plan with its exact commands and do nothing',
    group: 'Results',
  },
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

export type OptionValues = ValuesOf<typeof options>;
