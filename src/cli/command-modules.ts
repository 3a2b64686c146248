import type { CommandModule } from './command.ts';
import type { CommandName } from './option-spec.ts';

/** Each command's file; none is loaded before it is asked for. */
export const commandModules: Readonly<Record<CommandName, () => Promise<CommandModule>>> = {
  run: () => import('./command/run.ts'),
  build: () => import('./command/build.ts'),
  bisect: () => import('./command/bisect.ts'),
  discover: () => import('./command/discover.ts'),
  'runs list': () => import('./command/runs-list.ts'),
  'runs show': () => import('./command/runs-show.ts'),
  'runs diff': () => import('./command/runs-diff.ts'),
  'runs follow': () => import('./command/runs-follow.ts'),
  'runs reproduce': () => import('./command/runs-reproduce.ts'),
  'runs prune': () => import('./command/runs-prune.ts'),
};
