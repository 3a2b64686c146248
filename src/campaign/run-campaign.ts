import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Context } from '../context/context.ts';
import { exitCode, MadError } from '../foundation/error.ts';
import { imageAtHand } from '../image/pull.ts';
import type { Engine, ImageInfo } from '../machine/engine/engine.ts';
import { openEngine } from '../machine/engine/open-engine.ts';
import type { BuiltImage } from '../manifest/manifest-schema.ts';
import { readManifest } from '../manifest/read-manifest.ts';
import { cardLabel } from '../package/card.ts';
import { type KnownFailure, readKnownFailures } from '../record/known-failure.ts';
import { sourceOf } from '../run/image-source.ts';
import { type Job, makeJob } from '../run/job.ts';
import { goesOn, type Resumed } from './again/resumed.ts';
import { buildPhase } from './build/build-phase.ts';
import { ownImage, ownImageOf } from './build/given-image.ts';
import type { ImageTask } from './build/image-task.ts';
import { planBuilds } from './build/plan-builds.ts';
import { exitCodeOfPlan, joinPlans, planOfBuild } from './build/planned-build.ts';
import { withRediscoveredModels } from './build/rediscovered-models.ts';
import { chooseWanted } from './build/wanted-model.ts';
import { checkPlaces } from './check-places.ts';
import { checkDataOptions, tellUnknownData } from './data-options.ts';
import { startDeadline } from './deadline.ts';
import { detectDevices } from './detect-devices.ts';
import { planOfRun } from './dry-run.ts';
import type { EngineAhead } from './engine-ahead.ts';
import { jobsOf } from './jobs/jobs-of-manifest.ts';
import { packagePlace } from './locate-package.ts';
import { tellMissingCredentials } from './missing-credentials.ts';
import { type CampaignFrame, withCampaign } from './open-campaign.ts';
import type { CampaignOutcome, RunOptions, Surroundings } from './options.ts';
import { requireWritableOutputs } from './output-files.ts';
import { checkBuildOptions, readAccess, readContext } from './prepare.ts';
import { runPhase } from './run-phase.ts';
import { toolsOfRun } from './tools-of-run.ts';
import { loadedOf, withPlugins } from './with-plugins.ts';

/**
 * The `run` command: a manifest that is named is run; without one, the tags are built and run.
 */
export async function runCampaign(
  options: RunOptions,
  outside: Surroundings,
  { ahead, resume }: RunExtras = {},
): Promise<CampaignOutcome> {
  const around = await withPlugins(options, outside, () => import('../plugin/as-target.ts'));
  await checkPlaces(options, around);
  const known = await knownFailuresOf(options, around);
  await checkDataOptions(options, around);
  const manifestFile = await usableManifest(options, around);
  return manifestFile === undefined
    ? buildAndRun(options, known, around, resume)
    : runManifest(options, manifestFile, known, around, { ahead, resume });
}

export interface RunExtras {
  /** The engine of the options, where it was opened already. */
  ahead?: EngineAhead | undefined;
  /** The campaign to go on with, in place of a new one. */
  resume?: Resumed | undefined;
}

export async function knownFailuresOf(
  { knownFailures }: RunOptions,
  { cwd }: Surroundings,
): Promise<readonly KnownFailure[]> {
  return knownFailures === undefined ? [] : readKnownFailures(resolve(cwd, knownFailures));
}

/** The frame of a campaign that runs models. */
export function frameOf(
  options: RunOptions,
  engine: Engine,
  around: Surroundings,
  { ahead, resume }: RunExtras,
): CampaignFrame {
  const { projectContext } = around;
  const asked = {
    cwd: around.cwd,
    options: { ...options },
    ...(projectContext === undefined ? {} : { project_context: { ...projectContext } }),
  };
  return {
    ...{ command: 'run', output: options.output, engine, asked },
    ...(ahead && { listed: ahead.listed }),
    ...(resume && { resume: { id: resume.id, mayGoOn: goesOn(resume) } }),
  };
}

/** undefined when the whole workflow is to be done. */
async function usableManifest(options: RunOptions, around: Surroundings): Promise<string | undefined> {
  const { manifestFile, tags } = options;
  if (manifestFile !== undefined) {
    const path = resolve(around.cwd, manifestFile);
    if (await isThere(path)) return path;
    if (tags.length === 0) {
      throw new MadError('FILE_NOT_FOUND', `no manifest at ${manifestFile}, and no tags to build`, {
        hint: 'Correct --manifest-file, or add --tags to build and run.',
      });
    }
    around.events.emit({
      type: 'notice',
      level: 'warning',
      code: 'NO_MANIFEST',
      message: `no manifest at ${manifestFile}: building the tags first, then running them`,
    });
    return undefined;
  }
  if (tags.length > 0) return undefined;
  const beside = (await isThere(join(around.cwd, 'build_manifest.json')))
    ? 'There is a build_manifest.json here: run it with `--manifest-file build_manifest.json`.'
    : 'Give `--tags` to build and run, or `--manifest-file` to run what was built.';
  throw new MadError('INVALID_ARGUMENT', 'neither tags nor a manifest: nothing was asked for', {
    hint: beside,
  });
}

async function runManifest(
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
  const inputs = {
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
  if (options.dryRun) {
    const { folder: packageDir } = await packagePlace(inputs, around);
    const tools = await toolsOfRun(context, options, packageDir, around);
    const plan = await planOfRun({ ...inputs, packageDir, ...(tools ? { tools } : {}) }, around);
    around.events.emit({ type: 'plan.made', plan: { ...plan, ...loadedOf(around) } });
    return { exitCode: exitCode.success };
  }
  const frame = frameOf(options, engine, around, extras);
  return withCampaign(frame, around, (campaign) => runPhase(inputs, campaign, around));
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

async function buildAndRun(
  options: RunOptions,
  known: readonly KnownFailure[],
  around: Surroundings,
  resume: Resumed | undefined,
): Promise<CampaignOutcome> {
  checkBuildOptions(options);
  // A manifest that is named and absent is about to be made, perhaps in that place.
  const outputs = { ...options, manifestFile: undefined };
  if (!options.dryRun) await requireWritableOutputs(outputs, around.cwd);
  const access = await readAccess(around);
  const wanted = await chooseWanted(options, access, around);
  const gpus = await detectDevices(options, around);
  const context = await readContext(options, { gpus }, around);
  // Hours of building would be lost on a misspelt name.
  const wantedCards = wanted.map(({ card }) => card);
  tellMissingCredentials(wantedCards, access.credentials, around.events.emit);
  await tellUnknownData(wantedCards, context, options, around);
  const tools = await toolsOfRun(context, options, around.cwd, around);
  const engine = await openEngine(options.engine, around.runner);
  const { architecture } = gpus;
  const building = { options, access, wanted, context, engine, architecture };
  const plan = await planBuilds(building, around);
  if (options.dryRun) {
    const jobs = [
      ...plan.tasks.flatMap((task) =>
        task.cards.map((card) => makeJob(card, task.image, plannedImage(task))),
      ),
      ...plan.given.map(({ card, key, image }) => makeJob(card, key, image)),
    ];
    const whole = joinPlans(
      await planOfBuild(building, plan),
      await planOfRun(
        { ...building, packageDir: around.cwd, gpus, jobs, ...(tools ? { tools } : {}) },
        around,
      ),
    );
    around.events.emit({ type: 'plan.made', plan: { ...whole, ...loadedOf(around) } });
    return { exitCode: exitCodeOfPlan(plan) };
  }
  return withCampaign(frameOf(options, engine, around, { resume }), around, async (campaign) => {
    const deadline = startDeadline(options.deadline, campaign.started, around);
    const built = await buildPhase(building, plan, campaign, around, deadline.signal);
    deadline.stop();
    return runPhase(
      {
        options,
        access,
        manifest: built.manifest,
        manifestFile: built.manifestFile,
        context,
        engine,
        gpus,
        jobs: built.images === 0 ? [] : jobsOf(built.manifest, built.manifestFile, []),
        askedAhead: new Map(),
        ...(tools ? { tools } : {}),
        failedBuilds: built.failed,
        buildFailures: built.failures,
        buildPhase: built.summary,
        known,
        ...(resume ? { resume } : {}),
      },
      campaign,
      around,
    );
  });
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
}

/** An image as its manifest entry would stand, before it was built. */
function plannedImage(task: ImageTask): BuiltImage {
  return {
    docker_image: task.image,
    dockerfile: task.dockerfile.path,
    base_docker: task.dockerfile.base,
    docker_sha: '',
    build_duration: 0,
    build_command: '',
    log_file: '',
    ...(task.registryImage === undefined ? {} : { registry_image: task.registryImage }),
    ...(task.dockerfile.gpuVendor ? { gpu_vendor: task.dockerfile.gpuVendor } : {}),
  };
}
