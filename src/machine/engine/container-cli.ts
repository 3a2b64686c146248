import type { CommandRunner } from '../command/command.ts';
import { clientOf } from './client.ts';
import { containerActs } from './client-containers.ts';
import { imageActs } from './client-images.ts';
import { plannedCommands } from './client-plan.ts';
import { transferActs } from './client-transfers.ts';
import type { Dialect } from './dialect.ts';
import type { Engine } from './engine.ts';

/** Docker and podman behind one interface: what they have in common; `Dialect` has what they don't. */
export function containerEngine(dialect: Dialect, runner: CommandRunner): Engine {
  const client = clientOf(dialect, runner);
  return {
    kind: dialect.kind,
    capabilities: (purpose) => dialect.capabilities(runner, purpose),
    async version() {
      const words = ['version', '--format', dialect.version];
      return (await client.ask('Asking for the version', words)).stdout.trim();
    },
    ...transferActs(client),
    ...imageActs(client),
    ...containerActs(client),
    describe: plannedCommands(client),
  };
}
