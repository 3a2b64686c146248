/** `run` with tags: the images are built first. */
import type { GpuFacts } from '../machine/device/detect.ts';
import { openEngine } from '../machine/engine/open-engine.ts';
import type { BuiltImage } from '../manifest/manifest-schema.ts';
import type { KnownFailure } from '../record/known-failure.ts';
import { makeJob } from '../run/job.ts';
import type { ToolChain } from '../stage/tool-chain.ts';
import type { Resumed } from './again/resumed.ts';
import { buildPhase } from './build/build-phase.ts';
import type { ImageTask } from './build/image-task.ts';
import { type BuildInputs, type BuildPlan, planBuilds } from './build/plan-builds.ts';
import { exitCodeOfPlan, joinPlans, planOfBuild } from './build/planned-build.ts';
import { chooseWanted } from './build/wanted-model.ts';
import { tellUnknownData } from './data-options.ts';
import { startDeadline } from './deadline.ts';
import { detectDevices } from './detect-devices.ts';
import { planOfRun } from './dry-run.ts';
import { jobsOf } from './jobs/jobs-of-manifest.ts';
import { tellMissingCredentials } from './missing-credentials.ts';
import { withCampaign } from './open-campaign.ts';
import type { CampaignOutcome, RunOptions, Surroundings } from './options.ts';
import { requireWritableOutputs } from './output-files.ts';
import { checkBuildOptions, readAccess, readContext } from './prepare.ts';
import { frameOf } from './run-frame.ts';
import { runPhase } from './run-phase.ts';
import { toolsOfRun } from './tools-of-run.ts';
import { loadedOf } from './with-plugins.ts';

export async function buildAndRun(
  options: RunOptions,
  known: readonly KnownFailure[],
  around: Surroundings,
  resume: Resumed | undefined,
): Promise<CampaignOutcome> {
  checkBuildOptions(options);
  // A manifest that is named and absent is about to be made, perhaps in that place.
  const outputs = { ...options, manifestFile: undefined };
  if (!options.dryRun) await requireWritableOutputs(outputs, around.cwd);
  const inputs = await readInputs(options, around);
  const plan = await planBuilds(inputs, around);
  if (options.dryRun) return tellPlan(inputs, plan, around);
  return withCampaign(frameOf(options, inputs.engine, around, { resume }), around, async (campaign) => {
    const deadline = startDeadline(options.deadline, campaign.started, around);
    const built = await buildPhase(inputs, plan, campaign, around, deadline.signal);
    deadline.stop();
    const { manifest, manifestFile } = built;
    return runPhase(
      {
        ...inputs,
        manifest,
        manifestFile,
        jobs: built.images === 0 ? [] : jobsOf(manifest, manifestFile, []),
        askedAhead: new Map(),
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

interface Inputs extends BuildInputs {
  options: RunOptions;
  gpus: GpuFacts;
  tools?: ToolChain;
}

/** Everything that is asked for, read and checked before anything is built. */
async function readInputs(options: RunOptions, around: Surroundings): Promise<Inputs> {
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
  return { options, access, wanted, context, engine, architecture, gpus, ...(tools ? { tools } : {}) };
}

/** Of a dry run: what would be built, and what would be run then. */
async function tellPlan(inputs: Inputs, plan: BuildPlan, around: Surroundings): Promise<CampaignOutcome> {
  const jobs = [
    ...plan.tasks.flatMap((task) => task.cards.map((card) => makeJob(card, task.image, plannedImage(task)))),
    ...plan.given.map(({ card, key, image }) => makeJob(card, key, image)),
  ];
  const whole = joinPlans(
    await planOfBuild(inputs, plan),
    await planOfRun({ ...inputs, packageDir: around.cwd, jobs }, around),
  );
  around.events.emit({ type: 'plan.made', plan: { ...whole, ...loadedOf(around) } });
  return { exitCode: exitCodeOfPlan(plan) };
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
