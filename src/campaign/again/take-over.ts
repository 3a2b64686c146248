import { MadError } from '../../foundation/error.ts';
import { ownIdentity } from '../../foundation/file/process-identity.ts';
import type { ContainerSummary } from '../../machine/engine/engine.ts';
import { type CampaignFolder, reopenCampaign, runFolderIn } from '../../record/campaign/campaign-folder.ts';
import { claimCampaign, type DeadCampaign } from '../../record/campaign/dead-campaign.ts';
import { settle } from '../../record/campaign/reconcile.ts';
import type { RecordDraft } from '../../record/record-draft.ts';
import { hasRecord } from '../../record/record-file.ts';
import { type CleanUpOptions, cleanUpAfterDead, removeLeftovers } from '../clean-up.ts';
import { listOurs } from '../engine-ahead.ts';

export interface TakenOver {
  folder: CampaignFolder;
  /** Runs that go on: what was noted when they began. */
  goingOn: readonly RecordDraft[];
}

/** Whether a run that has no record goes on; `isThere`: its container runs. */
export type MayGoOn = (
  draft: RecordDraft,
  found: { runFolder: string; isThere: boolean },
) => Promise<boolean>;

/**
 * Takes up a campaign that is over or died. A run that outlived its controller goes on, where `mayGoOn` says so; what else was left running or lying is removed, and each run that had begun has a record then, and each record its
 * rows. Other campaigns that died are cleaned up as at every start.
 */
export async function takeOver(
  id: string,
  options: CleanUpOptions & { version: string },
  mayGoOn: MayGoOn,
): Promise<TakenOver> {
  const { resultsRoot, host, clock, emit, engine, version } = options;
  // First, so that nobody else takes it for dead.
  const dead = await claimCampaign({ resultsRoot, host, id });
  if (!dead) {
    throw new MadError('INVALID_ARGUMENT', `the campaign ${id} still runs`, {
      hint: `Watch it with \`madengine-cli runs follow ${id}\`, or end it first.`,
    });
  }
  try {
    const containers = await (options.listed ?? listOurs(engine, host));
    const ofOthers = containers.filter(({ labels }) => labels['madengine.campaign'] !== id);
    await cleanUpAfterDead({ ...options, listed: Promise.resolve(ofOthers) });
    const goingOn = await stillThere(dead, containers, mayGoOn);
    const except = new Set(goingOn.map(({ run }) => run));
    await removeLeftovers(dead, containers, options, except);
    await settle(dead, { clock, emit, close: false, keepLock: true, except });
    const { info, lock } = dead;
    const folder = await reopenCampaign({ resultsRoot, info, lock, goingOn: except, version, host, clock });
    return { folder, goingOn };
  } catch (error) {
    dead.lock.release();
    throw error;
  }
}

async function stillThere(
  dead: DeadCampaign,
  containers: readonly ContainerSummary[],
  mayGoOn: MayGoOn,
): Promise<RecordDraft[]> {
  const drafts = dead.entries.flatMap((entry) => (entry.act === 'run.started' ? [entry.draft] : []));
  // What a power cut took of a program's output is not known.
  const isSameBoot = dead.info.boot_id === ownIdentity().boot_id;
  const found: RecordDraft[] = [];
  for (const draft of drafts) {
    const isThere = containers.some(
      ({ labels, running }) => running && labels['madengine.run'] === draft.run && isOf(labels, dead),
    );
    if (!isThere && !isSameBoot) continue;
    const runFolder = runFolderIn(dead.path, draft.run);
    if (!(await hasRecord(runFolder)) && (await mayGoOn(draft, { runFolder, isThere }))) found.push(draft);
  }
  return found;
}

const isOf = (labels: ContainerSummary['labels'], { id }: DeadCampaign): boolean =>
  labels['madengine.campaign'] === id && labels['madengine.keep'] !== 'true';
