import { engineKinds } from '../../machine/engine/engine.ts';
import type { OptionSpec } from '../option-spec.ts';
import { measuring } from './command-sets.ts';

/** What models find around them: data, the notes on their environment, the engine. */
export const surroundingOptions = [
  {
    name: 'data-config',
    kind: 'path',
    commands: measuring,
    aliases: { madengine: ['data-config-file-name'] },
    metavar: 'file',
    help: "Where the data of models is described, in place of the package's data.json",
    example: '--tags dummy --data-config data.json',
    group: 'Surroundings',
  },
  {
    name: 'force-mirror-local',
    kind: 'path',
    commands: measuring,
    metavar: 'folder',
    help: 'Keep all data that is not local in this folder, and take it from there the next time',
    example: '--tags dummy --force-mirror-local /tmp/mirror',
    group: 'Surroundings',
  },
  {
    name: 'sys-env-details',
    kind: 'flag',
    commands: measuring,
    default: true,
    aliases: { madengine: ['generate-sys-env-details'] },
    aliasesTakeValue: true,
    help: 'Note what models run on (system, packages, GPUs) once for each image; the context can say otherwise',
    group: 'Surroundings',
  },
  {
    name: 'engine',
    kind: 'choice',
    choices: engineKinds,
    commands: [...measuring, 'runs prune'],
    env: 'MAD_ENGINE',
    default: 'docker',
    help: 'What builds images and runs containers; host: run without a container',
    group: 'Surroundings',
  },
] as const satisfies readonly OptionSpec[];
