import type { OptionSpec } from '../option-spec.ts';

/** Which campaigns `runs prune` removes. */
export const campaignOptions = [
  {
    name: 'keep',
    kind: 'number',
    commands: ['runs prune'],
    default: -1,
    minimum: -1,
    metavar: 'count',
    help: 'Remove all but the latest so many campaigns; -1: do not count',
    example: '--keep 20',
    group: 'Campaigns',
  },
  {
    name: 'older-than',
    kind: 'text',
    commands: ['runs prune'],
    metavar: 'age',
    help: 'Remove campaigns that ended longer ago than this: 90m, 12h, 30d, 4w',
    example: '--older-than 30d',
    group: 'Campaigns',
  },
  {
    name: 'failed',
    kind: 'flag',
    commands: ['runs prune'],
    help: 'Remove only campaigns that ended with another exit code than 0',
    group: 'Campaigns',
  },
  {
    name: 'images',
    kind: 'flag',
    commands: ['runs prune'],
    help: 'Remove the images, too, that these campaigns built or pulled and that no container and no other campaign needs',
    group: 'Campaigns',
  },
] as const satisfies readonly OptionSpec[];
