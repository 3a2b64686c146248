/** Builds images, several at once, pushes each as soon as it is there, and puts the manifest together. */

import { basename, join, resolve } from 'node:path';
import type { Context } from '../../context/context.ts';
import { toMadError } from '../../foundation/error.ts';
import { writeOutput } from '../../foundation/file/write-output.ts';
import { inParallel } from '../../foundation/in-parallel.ts';
import { buildImage, type ImageBuildResult } from '../../image/build.ts';
import { buildLogName } from '../../image/name.ts';
import { type PushResult, pushImage } from '../../image/push.ts';
import { loginForBase, loginForImage } from '../../image/registry-login.ts';
import {
  assembleManifest,
  type BuiltEntry,
  buildSummary,
  type FailedBuild,
} from '../../manifest/assemble.ts';
import type { BuildManifest } from '../../manifest/manifest-schema.ts';
import { writeManifest } from '../../manifest/write-manifest.ts';
import { cardToManifest } from '../../package/manifest-card.ts';
import { takeSnapshot } from '../../package/snapshot.ts';
import type { OpenCampaign } from '../open-campaign.ts';
import type { BuildOptions, Surroundings } from '../options.ts';
import type { ImageTask } from './image-task.ts';
import type { BuildInputs, BuildPlan } from './plan-builds.ts';
import { publishPackage } from './publish-package.ts';

export interface BuildOutcome {
  manifest: BuildManifest;
  /** Where it was written. */
  manifestFile: string;
  /** Images that the manifest holds. */
  images: number;
  /** Builds and pushes that failed. */
  failures: number;
  failed: readonly FailedBuild[];
  /** With the reference's keys. */
  summary: Readonly<Record<string, unknown>>;
}

export async function buildPhase(
  inputs: BuildInputs,
  plan: BuildPlan,
  campaign: OpenCampaign,
  around: Surroundings,
  /** Ends builds and pushes; what is there by then is put together all the same. */
  signal: AbortSignal = around.signal,
): Promise<BuildOutcome> {
  const { options, access } = inputs;
  const started = around.clock.monotonic();
  for (const unplanned of plan.failed) tellUnplanned(unplanned, campaign);
  // Without the signal: a build that was ended has a manifest all the same.
  const cards = inputs.wanted.map(({ card }) => card);
  const snapshot = takeSnapshot({ root: around.cwd, cards, runner: around.runner });
  // Awaited after the builds. Without it there is no manifest, and no reason to go on for hours.
  const hopeless = new AbortController();
  snapshot.catch(() => hopeless.abort('a package that can not be kept'));
  const end = AbortSignal.any([signal, hopeless.signal]);
  const built = await buildAll(plan.tasks, inputs, campaign, { ...around, signal: end });
  const failed = [...plan.failed, ...built.failed];
  const manifest = access.scrubber.scrubData(
    assembleManifest({
      entries: built.entries,
      given: plan.given,
      failed,
      context: contextOfManifest(inputs.context, options),
      registry: options.registry,
      package: await publishPackage(await snapshot, inputs, campaign, around),
      version: around.version,
      createdAt: around.clock.now(),
    }),
  );
  const manifestFile = resolve(around.cwd, options.manifestOutput);
  const images = Object.keys(manifest.built_images).length;
  // A signal that came before the first image must not cost the manifest of an earlier build.
  if (images > 0 || !signal.aborted) {
    await writeManifest(manifestFile, manifest);
    campaign.emit({ type: 'file.written', kind: 'build manifest', path: manifestFile });
  }
  const summary = buildSummary(manifest, around.clock.monotonic() - started);
  await writeBuildSummary(options, { ...manifest, ...summary }, campaign, around);
  const failures = failed.length + (manifest.push_failures?.length ?? 0);
  return { manifest, manifestFile, images, failures, failed, summary };
}

/** A model that no Dockerfile fits. */
function tellUnplanned({ model, error }: FailedBuild, { emit }: OpenCampaign): void {
  const failure = { class: 'build', stage: null, message: error };
  emit({ type: 'build.ended', image: '', model, status: 'FAILURE', duration_s: 0, log: '', failure });
}

/** `--jobs` at once. What is there when the signal comes is kept; what has not begun then has failed. */
async function buildAll(
  tasks: readonly ImageTask[],
  inputs: BuildInputs,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<{ entries: BuiltEntry[]; failed: FailedBuild[] }> {
  const { signal } = around;
  const entries: (BuiltEntry | undefined)[] = [];
  const failed: FailedBuild[] = [];
  await inParallel(tasks, inputs.options.jobs, async (task, index) => {
    if (signal.aborted) {
      failed.push(...failedBuilds(task, `not begun: ${String(signal.reason)} came first`, true));
      return;
    }
    const result = await buildOne(task, inputs, campaign, around);
    if ('failed' in result) failed.push(...result.failed);
    else entries[index] = result.entry;
  });
  return { entries: entries.filter((entry) => entry !== undefined), failed };
}

async function buildOne(
  task: ImageTask,
  inputs: BuildInputs,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<{ entry: BuiltEntry } | { failed: FailedBuild[] }> {
  const { image, dockerfile } = task;
  await campaign.folder.journal.append({ act: 'image.build', image, dockerfile: dockerfile.path });
  const logName = buildLogName({ name: task.plan.model }, dockerfile.path, task.architecture);
  const logFile = join(campaign.resultsRoot, logName);
  const fail = (error: string, interrupted = false): { failed: FailedBuild[] } => ({
    failed: failedBuilds(task, error, interrupted).map((one) => ({ ...one, log_file: basename(logFile) })),
  });
  let build: ImageBuildResult;
  try {
    build = await buildTask(task, logFile, inputs, campaign, around);
  } catch (thrown) {
    // A log that can't be written, say: the other builds go on.
    const { message } = toMadError(thrown);
    if (around.signal.aborted) return fail(message, true);
    campaign.emit({
      type: 'notice',
      level: 'warning',
      code: 'BUILD_NOT_DONE',
      message: `${image} could not be built: ${message}`,
    });
    return fail(message);
  }
  if (build.status === 'FAILURE') {
    const { failure } = build;
    const reason = failure?.evidence ?? failure?.message ?? 'the build failed';
    return fail(reason, failure?.class === 'interrupted');
  }
  const { gpuVendor, gpuArchitecture } = dockerfile;
  const push = await pushTask(task, inputs, campaign, around);
  const { cards, registry } = task;
  return { entry: { build, push, cards, gpuVendor, gpuArchitecture, registry } };
}

function buildTask(
  { plan }: ImageTask,
  logFile: string,
  { options, access, engine }: BuildInputs,
  campaign: OpenCampaign,
  { clock, signal }: Surroundings,
): Promise<ImageBuildResult> {
  const baseLogin = loginForBase(plan.base, access.credentials);
  return buildImage({
    plan,
    engine,
    emit: campaign.emit,
    logFile,
    secretsDir: campaign.secretsDir,
    ...(baseLogin ? { baseLogin } : {}),
    configDir: join(campaign.secretsDir, 'registry'),
    labels: { 'madengine.campaign': campaign.folder.id, 'madengine.host': campaign.host },
    liveOutput: options.liveOutput,
    scrubber: access.scrubber,
    clock,
    signal,
  });
}

/** One for each model that was to run in the image. */
function failedBuilds(task: ImageTask, error: string, interrupted: boolean): FailedBuild[] {
  return task.cards.map((card) => ({
    model: card.name,
    image: task.image,
    card: cardToManifest(card),
    dockerfile: task.dockerfile.path,
    ...(task.architecture === undefined ? {} : { architecture: task.architecture }),
    error,
    ...(interrupted ? { interrupted: true as const } : {}),
  }));
}

async function pushTask(
  { image, registry, registryImage }: ImageTask,
  { engine, access }: BuildInputs,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<PushResult | undefined> {
  if (registryImage === undefined) return undefined;
  const login = loginForImage(registryImage, [registry], access.credentials);
  await campaign.folder.journal.append({ act: 'image.push', image, registry_image: registryImage });
  return pushImage({
    engine,
    image,
    registryImage,
    ...(login ? { login } : {}),
    configDir: join(campaign.secretsDir, 'registry'),
    emit: campaign.emit,
    clock: around.clock,
    signal: around.signal,
  });
}

/** What was said at build of the look at environments goes for all that run the manifest, as the context can say it. */
const contextOfManifest = (context: Context, { sysEnvDetails }: BuildOptions): Context =>
  sysEnvDetails ? context : { ...context, values: { gen_sys_env_details: false, ...context.values } };

/** The whole manifest with the summary's keys in it, so that the file works at every `--manifest-file`. */
async function writeBuildSummary(
  options: BuildOptions,
  summary: Readonly<Record<string, unknown>>,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<void> {
  if (options.summaryOutput === undefined) return;
  const file = resolve(around.cwd, options.summaryOutput);
  await writeOutput(file, `${JSON.stringify(summary, null, 2)}\n`);
  campaign.emit({ type: 'file.written', kind: 'summary', path: file });
}
