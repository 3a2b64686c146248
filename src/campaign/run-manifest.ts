/** `run` with the images of a build manifest. */
import type { Context } from '../context/context.ts';
import { exitCode } from '../foundation/error.ts';
import { imageAtHand } from '../image/pull.ts';
import type { Engine, ImageInfo } from '../machine/engine/engine.ts';
import { openEngine } from '../machine/engine/open-engine.ts';
import { readManifest } from '../manifest/read-manifest.ts';
import { cardLabel } from '../package/card.ts';
import type { KnownFailure } from '../record/known-failure.ts';
import { sourceOf } from '../run/image-source.ts';
import { type Job, makeJob } from '../run/job.ts';
import { ownImage, ownImageOf } from './build/given-image.ts';
import { withRediscoveredModels } from './build/rediscovered-models.ts';
import { detectDevices } from './detect-devices.ts';
import { planOfRun } from './dry-run.ts';
import { jobsOf } from './jobs/jobs-of-manifest.ts';
import { packagePlace } from './locate-package.ts';
import { tellMissingCredentials } from './missing-credentials.ts';
import { withCampaign } from './open-campaign.ts';
import type { CampaignOutcome, RunOptions, Surroundings } from './options.ts';
import { requireWritableOutputs } from './output-files.ts';
import { readAccess, readContext } from './prepare.ts';
import { frameOf, type RunExtras } from './run-frame.ts';
import type { RunInputs } from './run-inputs.ts';
import { runPhase } from './run-phase.ts';
import { toolsOfRun } from './tools-of-run.ts';
import { loadedOf } from './with-plugins.ts';

export async function runManifest(
  options: RunOptions,
  manifestFile: string,
  known: readonly KnownFailure[],
  around: Surroundings,
  extras: RunExtras,
): Promise<CampaignOutcome> {
  const { ahead, resume } = extras;
  const { manifestOutput: _, ...outputs } = options;
  if (!options.dryRun) await requireWritableOutputs({ ...outputs, manifestFile }, around.cwd);
  const [written, access, gpus, engine] = await Promise.all([
    readManifest(manifestFile),
    readAccess(around),
    detectDevices(options, around),
    ahead?.engine ?? openEngine(options.engine, around.runner),
  ]);
  const manifest = await withRediscoveredModels(written, manifestFile, around);
  const context = await readContext(options, { manifest: manifest.context, gpus }, around);
  const jobs = withOwnImage(jobsOf(manifest, manifestFile, options.tags), context);
  tellMissingCredentials(
    jobs.map(({ card }) => card),
    access.credentials,
    around.events.emit,
  );
  const inputs: RunInputs = {
    options,
    access,
    manifest,
    manifestFile,
    context,
    engine,
    gpus,
    jobs,
    askedAhead: options.dryRun ? new Map() : askForFirstImage(jobs, engine),
    failedBuilds: [],
    buildFailures: 0,
    known,
    ...(resume ? { resume } : {}),
  };
  if (options.dryRun) return tellPlan(inputs, around);
  const frame = frameOf(options, engine, around, extras);
  return withCampaign(frame, around, (campaign) => runPhase(inputs, campaign, around));
}

async function tellPlan(inputs: RunInputs, around: Surroundings): Promise<CampaignOutcome> {
  const { context, options } = inputs;
  const { folder: packageDir } = await packagePlace(inputs, around);
  const tools = await toolsOfRun(context, options, packageDir, around);
  const plan = await planOfRun({ ...inputs, packageDir, ...(tools ? { tools } : {}) }, around);
  around.events.emit({ type: 'plan.made', plan: { ...plan, ...loadedOf(around) } });
  return { exitCode: exitCode.success };
}

/** The first image is looked for while the campaign is being opened; whoever needs the answer sees its error. */
function askForFirstImage(
  [first]: readonly Job[],
  engine: Engine,
): Map<string, Promise<ImageInfo | undefined>> {
  if (!first || engine.kind === 'host') return new Map();
  const name = imageAtHand(sourceOf(first.image));
  const answer = engine.inspect(name);
  answer.catch(() => {});
  return new Map([[name, answer]]);
}

/** The context's `MAD_CONTAINER_IMAGE` takes the place of what the manifest holds; each model runs in it once. */
function withOwnImage(jobs: readonly Job[], context: Context): readonly Job[] {
  const image = ownImageOf(context);
  if (image === undefined) return jobs;
  const models = new Map(jobs.map((job) => [cardLabel(job.card), job]));
  return [...models.values()].map(({ card, imageName }) => makeJob(card, imageName, ownImage(image)));
}
