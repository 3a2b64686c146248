/** `run --resume`: goes on with a campaign that was stopped or died, with all that it was asked for. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { openEngine } from '../../machine/engine/open-engine.ts';
import type { FailedBuild } from '../../manifest/assemble.ts';
import type { BuiltImage } from '../../manifest/manifest-schema.ts';
import { parseManifest } from '../../manifest/read-manifest.ts';
import { cardFromManifest } from '../../package/manifest-card.ts';
import { readCampaignFile } from '../../record/campaign/campaign-file.ts';
import { campaignsFolder } from '../../record/campaign/campaign-folder.ts';
import {
  type CampaignAsked,
  type CampaignPlanned,
  maskedPaths,
  readAsked,
  readPlanned,
} from '../../record/campaign/campaign-inputs.ts';
import { campaignIds } from '../../record/campaign/campaign-list.ts';
import { findById } from '../../record/campaign/find-by-id.ts';
import { type Job, makeJob } from '../../run/job.ts';
import { checkPlaces } from '../check-places.ts';
import { detectDevices } from '../detect-devices.ts';
import { earlierResultsRoot, withCampaign } from '../open-campaign.ts';
import type { CampaignOutcome, RunOptions, Surroundings } from '../options.ts';
import { readAccess, readContext } from '../prepare.ts';
import { runCampaign } from '../run-campaign.ts';
import { frameOf, knownFailuresOf } from '../run-frame.ts';
import { runPhase } from '../run-phase.ts';
import { withPlugins } from '../with-plugins.ts';
import type { Resumed } from './resumed.ts';

export interface ResumeWish {
  /** Of the campaign, or an end of it; the latest `run` when undefined. */
  id: string | undefined;
  /** `--output`, as typed; its folder is where the campaign is looked for. */
  output: string;
  rerunFailed: boolean;
  /** What each option is where the campaign does not say. */
  defaults: RunOptions;
  /** Options that stand on this command line: they win over the recorded ones. */
  typed: Partial<RunOptions>;
}

export async function resumeCampaign(wish: ResumeWish, around: Surroundings): Promise<CampaignOutcome> {
  const resultsRoot = await earlierResultsRoot(wish.output, around.cwd);
  const id = await idOf(resultsRoot, wish.id, 'run');
  const folder = join(campaignsFolder(resultsRoot), id);
  const [info, asked, planned] = await Promise.all([
    readCampaignFile(folder),
    readAsked(folder),
    readPlanned(folder),
  ]);
  if (info?.command !== 'run') throw notResumable(id);
  if (!asked) throw notKept(id);
  const options = {
    ...wish.defaults,
    ...(asked.options as Partial<RunOptions>),
    ...wish.typed,
    output: join(resultsRoot, info.perf_csv),
  };
  requireNoMasks(maskedPaths(options), '--resume');
  const there = await withPlugins(options, placeOf(asked, around), () => import('../../plugin/as-target.ts'));
  await checkPlaces(options, there);
  const jobs = planned ? plannedJobs(planned) : [];
  const resume = { id, jobs, rerunFailed: wish.rerunFailed, started: new Map() };
  // What was built is in the engine's cache.
  if (!planned || buildsAgain(planned, wish)) return runCampaign(options, there, { resume });
  return resumeRuns(options, planned, resume, wish.typed, there);
}

async function resumeRuns(
  options: RunOptions,
  planned: CampaignPlanned,
  resume: Resumed,
  typed: Partial<RunOptions>,
  around: Surroundings,
): Promise<CampaignOutcome> {
  const [known, access, gpus, engine] = await Promise.all([
    knownFailuresOf(options, around),
    readAccess(around),
    detectDevices(options, around),
    openEngine(options.engine, around.runner),
  ]);
  const manifest = await parseManifest(planned.manifest, 'the recorded manifest');
  const recorded = { manifest: planned.context.values, gpus };
  const { additionalContext, additionalContextFile } = typed;
  const context = await readContext({ additionalContext, additionalContextFile }, recorded, around);
  requireNoMasks(maskedPaths(context.values), '--resume');
  const inputs = {
    ...{ options, access, manifest, context, engine, gpus, known, resume },
    jobs: resume.jobs,
    isRecorded: true as const,
    manifestFile: planned.manifest_file,
    askedAhead: new Map(),
    failedBuilds: failedBuildsOf(planned),
    buildFailures: planned.build_failures,
    ...(planned.build_phase === undefined ? {} : { buildPhase: planned.build_phase }),
  };
  // What was asked for first stays on record.
  const { asked: _, ...frame } = frameOf(options, engine, around, { resume });
  return withCampaign(frame, around, (campaign) => runPhase(inputs, campaign, around));
}

export const plannedJobs = ({ jobs }: CampaignPlanned): Job[] =>
  jobs.map(({ card, image_name, image }) => makeJob(cardFromManifest(card), image_name, image as BuiltImage));

const failedBuildsOf = ({ failed_builds }: CampaignPlanned): FailedBuild[] =>
  (failed_builds ?? []) as Record<string, unknown>[] as unknown as FailedBuild[];

/** What was stopped is done again, what failed only when that is asked for. */
const buildsAgain = (planned: CampaignPlanned, { rerunFailed }: ResumeWish): boolean =>
  failedBuildsOf(planned).some(({ interrupted }) => rerunFailed || interrupted);

/** The package is where it was, or here where that is gone; what was typed to resume is noted with what was typed first. */
export const placeOf = (asked: CampaignAsked, around: Surroundings): Surroundings => ({
  ...around,
  cwd: existsSync(asked.cwd) ? asked.cwd : around.cwd,
  ...(asked.project_context === undefined ? {} : { projectContext: asked.project_context }),
});

/** The campaign that is meant, the latest of a command where none is named. Throws as `findById` does. */
export async function idOf(resultsRoot: string, typed: string | undefined, command: string): Promise<string> {
  if (typed !== undefined) return (await findById(resultsRoot, typed)).campaign;
  for (const id of (await campaignIds(resultsRoot)).toReversed()) {
    const info = await readCampaignFile(join(campaignsFolder(resultsRoot), id)).catch(() => undefined);
    if (info?.command === command) return id;
  }
  throw new MadError('FILE_NOT_FOUND', `there is no campaign to go on with in ${resultsRoot}`, {
    hint: '--output names the perf.csv of another results folder; `madengine-cli runs` lists its campaigns.',
  });
}

const notResumable = (id: string): MadError =>
  new MadError('INVALID_ARGUMENT', `the campaign ${id} ran no models: there is nothing to go on with`, {
    hint: '`madengine-cli runs` lists the campaigns with their commands; those of `run` can be resumed here, those of `bisect` with `bisect --resume`.',
  });

const notKept = (id: string): MadError =>
  new MadError('INVALID_ARGUMENT', `it is not known what the campaign ${id} was asked for`, {
    hint: 'It died before it had noted that, or its version did not note it: start anew with --manifest-file or --tags.',
  });

export function requireNoMasks(paths: readonly string[], beside = '--resume'): void {
  if (paths.length === 0) return;
  throw new MadError(
    'INVALID_ARGUMENT',
    `${paths.join(', ')}: what was given first held a secret, and secrets are not recorded`,
    { hint: `Give that option again beside ${beside}; a secret belongs into a variable MAD_SECRETS….` },
  );
}
