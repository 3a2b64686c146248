/** What campaigns that died left on this machine: containers, folders, records and rows that are missing. */
import { realpath } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import type { Clock } from '../foundation/clock.ts';
import type { Emit } from '../foundation/event.ts';
import type { CommandRunner } from '../machine/command/command.ts';
import type { ContainerSummary, Engine, EngineKind } from '../machine/engine/engine.ts';
import { openEngine } from '../machine/engine/open-engine.ts';
import { runFolderIn } from '../record/campaign/campaign-folder.ts';
import { campaignState } from '../record/campaign/campaign-state.ts';
import type { DeadCampaign } from '../record/campaign/dead-campaign.ts';
import { reconcile } from '../record/campaign/reconcile.ts';
import { giveBackIn } from '../run/give-back.ts';
import { removeFolders } from '../run/run-folder.ts';
import { removeStarted } from '../run/started-program.ts';
import { listOurs } from './engine-ahead.ts';

export interface CleanUpOptions {
  engine: Engine;
  runner: CommandRunner;
  /** Absolute. */
  resultsRoot: string;
  host: string;
  clock: Clock;
  emit: Emit;
  /** The answer of `listOurs`, where it was asked for ahead. */
  listed?: Promise<ContainerSummary[]> | undefined;
  /** Owner of what runs left, unless that is root. */
  giveBackTo?: Owner | undefined;
}

interface Owner {
  uid: number;
  gid: number;
}

/**
 * At the start of every command that makes something. Removes only what belongs to a dead campaign of this host: not
 * what lives, not what was kept on purpose; what can't be judged is told.
 */
export async function cleanUpAfterDead(options: CleanUpOptions): Promise<void> {
  const { engine, emit, host } = options;
  const containers = await (options.listed ?? listOurs(engine, host));
  const handled = new Set<string>();
  const { unjudged } = await reconcile({
    ...options,
    cleanUp: (dead) => {
      handled.add(dead.id);
      return removeLeftovers(dead, containers, options);
    },
  });
  for (const { id, reason } of unjudged) {
    handled.add(id);
    tellUnjudged(emit, `campaign ${id}`, reason);
  }
  for (const container of containers) await removeStray(container, handled, options);
}

/**
 * Containers of campaigns that died while this one was alive: their GPUs are free to be leased, and still in use. Records
 * are put right by the next start. Never throws: what is wrong with the engine the run itself will say. What can't be
 * judged, such as containers of another user, is left alone without a word: starts tell of it, and runs are many.
 */
export async function removeOrphans(
  options: Pick<CleanUpOptions, 'engine' | 'host' | 'emit'> & { ownCampaign: string },
): Promise<void> {
  const containers = await listOurs(options.engine, options.host).catch(() => []);
  for (const container of containers)
    await removeStray(container, new Set([options.ownCampaign]), options, () => {});
}

export async function removeLeftovers(
  dead: DeadCampaign,
  containers: readonly ContainerSummary[],
  { engine, runner, host, giveBackTo }: CleanUpOptions,
  /** Ids of runs that go on. */
  except: ReadonlySet<string> = new Set(),
): Promise<void> {
  await removeOf(dead, containers, engine, giveBackTo, except);
  for (const kind of otherKinds(dead, engine)) {
    const other = await openEngine(kind, runner);
    await removeOf(dead, await listOurs(other, host), other, giveBackTo, except);
  }
  await forgetStarted(dead, except);
  const own = await realpath(dead.path);
  const stays = [...except].map((run) => runFolderIn(dead.path, run) + sep);
  for (const folder of dead.folders) {
    if (stays.some((start) => folder.startsWith(start))) continue;
    if (await isReallyIn(own, folder)) await removeFolders([folder]);
  }
}

async function removeOf(
  dead: DeadCampaign,
  containers: readonly ContainerSummary[],
  engine: Engine,
  giveBackTo: Owner | undefined,
  except: ReadonlySet<string>,
): Promise<void> {
  const mine = containers.filter(
    ({ labels, ...container }) =>
      labels['madengine.campaign'] === dead.id &&
      !except.has(labels['madengine.run'] ?? '') &&
      !isKept({ labels, ...container }),
  );
  await Promise.all(
    mine.map(async ({ id, running }) => {
      if (giveBackTo && running && engine.kind !== 'host') await giveBackIn(engine, id, giveBackTo);
      await engine.remove(id);
    }),
  );
}

/** What is not gone on with now never is. */
async function forgetStarted(dead: DeadCampaign, except: ReadonlySet<string>): Promise<void> {
  const unfinished = new Set<string>();
  for (const entry of dead.entries) {
    if (entry.act === 'run.started') unfinished.add(entry.run);
    else if (entry.act === 'record.final') unfinished.delete(entry.run);
  }
  for (const run of unfinished) if (!except.has(run)) await removeStarted(runFolderIn(dead.path, run));
}

/** Engines that the campaign used and this start doesn't. */
function otherKinds(dead: DeadCampaign, { kind }: Engine): EngineKind[] {
  const used = new Set(dead.containers.map(({ engine }) => engine));
  return (['docker', 'podman', 'host'] as const).filter((one) => one !== kind && used.has(one));
}

/** Whether no link on the way to it leads out: who shares a results root may have laid one. */
async function isReallyIn(folder: string, path: string): Promise<boolean> {
  const parent = await realpath(dirname(path)).catch(() => undefined);
  return parent !== undefined && (parent === folder || parent.startsWith(folder + sep));
}

/**
 * A container of a campaign that is over: one with another results folder, whose records wait for a start there; or
 * one that came up only after its campaign had died and was put right.
 */
async function removeStray(
  container: ContainerSummary,
  handled: ReadonlySet<string>,
  options: Pick<CleanUpOptions, 'engine' | 'emit'>,
  tell = tellUnjudged,
): Promise<void> {
  const { engine, emit } = options;
  const root = container.labels['madengine.results_root'];
  const id = container.labels['madengine.campaign'];
  if (root === undefined || id === undefined || handled.has(id) || isKept(container)) return;
  const state = campaignState(root, id);
  if (state === 'live') return;
  const what = `container ${container.name}`;
  if (state === 'unknown') return tell(emit, what, `its results folder ${root} is gone or not to be read`);
  try {
    await engine.remove(container.id);
  } catch (error) {
    return tell(emit, what, (error as Error).message);
  }
  emit({
    type: 'notice',
    level: 'info',
    code: 'CONTAINER_REMOVED',
    message: `removed ${what}, left by a campaign in ${root} that is over`,
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
