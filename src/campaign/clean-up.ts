/** What campaigns that died left on this machine: containers, folders, records and rows that are missing. */
import { rm } from 'node:fs/promises';
import type { Clock } from '../foundation/clock.ts';
import type { Emit } from '../foundation/event.ts';
import type { ContainerSummary, Engine } from '../machine/engine/engine.ts';
import { campaignState } from '../record/campaign-state.ts';
import type { DeadCampaign } from '../record/dead-campaign.ts';
import { reconcile } from '../record/reconcile.ts';

export interface CleanUpOptions {
  engine: Engine;
  /** Absolute. */
  resultsRoot: string;
  host: string;
  clock: Clock;
  emit: Emit;
}

/**
 * At the start of every command that makes something. Removes only what belongs to a dead campaign of this host: not
 * what lives, not what was kept on purpose; what can't be judged is told.
 */
export async function cleanUpAfterDead(options: CleanUpOptions): Promise<void> {
  const { engine, emit, host } = options;
  const containers = await engine.list({ 'madengine.host': host });
  const { unjudged } = await reconcile({
    ...options,
    cleanUp: (dead) => removeLeftovers(dead, containers, engine),
  });
  for (const { id, reason } of unjudged) tellUnjudged(emit, `campaign ${id}`, reason);
  for (const container of containers) await removeOfOtherFolder(container, options);
}

async function removeLeftovers(
  dead: DeadCampaign,
  containers: readonly ContainerSummary[],
  engine: Engine,
): Promise<void> {
  const mine = containers.filter(
    (container) => container.labels['madengine.campaign'] === dead.id && !isKept(container),
  );
  await Promise.all(mine.map((container) => engine.remove(container.id)));
  for (const folder of dead.folders) await rm(folder, { recursive: true, force: true });
}

/** A campaign with another results folder: its records wait for a start there, its containers don't. */
async function removeOfOtherFolder(container: ContainerSummary, options: CleanUpOptions): Promise<void> {
  const root = container.labels['madengine.results_root'];
  const id = container.labels['madengine.campaign'];
  if (root === undefined || id === undefined || root === options.resultsRoot || isKept(container)) return;
  const state = campaignState(root, id);
  if (state === 'live') return;
  if (state === 'unknown') {
    tellUnjudged(options.emit, `container ${container.name}`, `its results folder ${root} is gone`);
    return;
  }
  await options.engine.remove(container.id);
  options.emit({
    type: 'notice',
    level: 'info',
    code: 'CONTAINER_REMOVED',
    message: `removed container ${container.name}, left by a campaign in ${root} that died`,
  });
}

const isKept = (container: ContainerSummary): boolean => container.labels['madengine.keep'] === 'true';

function tellUnjudged(emit: Emit, what: string, reason: string): void {
  emit({
    type: 'notice',
    level: 'warning',
    code: 'LEFT_ALONE',
    message: `${what} was left as it is: ${reason}`,
  });
}
