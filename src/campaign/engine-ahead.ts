import { hostname } from 'node:os';
import type { CommandRunner } from '../machine/command/command.ts';
import type { ContainerSummary, Engine, EngineKind } from '../machine/engine/engine.ts';
import { openEngine } from '../machine/engine/open-engine.ts';

/** An engine, and a question to it that is on its way. */
export interface EngineAhead {
  engine: Engine;
  /** The containers of all campaigns of this host; whoever needs the answer sees its error. */
  listed: Promise<ContainerSummary[]>;
}

/** Lets the engine look for containers while the rest of the program is still being loaded. */
export async function openEngineAhead(kind: EngineKind, runner: CommandRunner): Promise<EngineAhead> {
  const engine = await openEngine(kind, runner);
  const listed = listOurs(engine, hostname());
  listed.catch(() => {});
  return { engine, listed };
}

/** The containers of all campaigns of this host, live or dead. */
export const listOurs = (engine: Engine, host: string): Promise<ContainerSummary[]> =>
  engine.list({ 'madengine.host': host });
