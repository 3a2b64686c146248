import type { CommandRunner } from '../command/command.ts';
import type { Engine, EngineKind } from './engine.ts';

const engines: Readonly<Record<EngineKind, () => Promise<(runner: CommandRunner) => Engine>>> = {
  docker: async () => (await import('./docker.ts')).dockerEngine,
  podman: async () => (await import('./podman.ts')).podmanEngine,
  host: async () => (await import('./host.ts')).hostEngine,
};

/** Loads the engine's code; asks the engine nothing yet. */
export async function openEngine(kind: EngineKind, runner: CommandRunner): Promise<Engine> {
  const open = await engines[kind]();
  return open(runner);
}
