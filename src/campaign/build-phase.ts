/** Builds images, several at once, pushes each as soon as it is there, and puts the manifest together. */
import { basename, join, resolve } from 'node:path';
import type { Context } from '../context/context.ts';
import { MadError } from '../foundation/error.ts';
import { writeFileAtomic } from '../foundation/file/atomic-write.ts';
import { buildImage } from '../image/build.ts';
import { type ImageBuildPlan, planImageBuild } from '../image/build-plan.ts';
import { type Dockerfile, explainNoMatch, findDockerfiles } from '../image/dockerfile.ts';
import { buildLogName, imageName } from '../image/name.ts';
import { type PushResult, pushImage } from '../image/push.ts';
import { registryImage } from '../image/reference.ts';
import { loginFor } from '../image/registry-login.ts';
import type { Engine } from '../machine/engine/engine.ts';
import { assembleManifest, type BuiltEntry, buildSummary, type FailedBuild } from '../manifest/assemble.ts';
import type { BuildManifest } from '../manifest/manifest-schema.ts';
import { writeManifest } from '../manifest/write-manifest.ts';
import type { ModelCard } from '../package/card.ts';
import { cardToManifest } from '../package/manifest-card.ts';
import { takeSnapshot } from '../package/snapshot.ts';
import { inParallel } from './in-parallel.ts';
import type { OpenCampaign } from './open-campaign.ts';
import type { BuildOptions, Surroundings } from './options.ts';
import { publishPackage } from './package-transport.ts';
import type { Access } from './prepare.ts';

/** One image to build, for one or more cards that differ in their arguments only. */
export interface ImageTask {
  image: string;
  cards: ModelCard[];
  dockerfile: Dockerfile;
  plan: ImageBuildPlan;
}

export interface BuildPlan {
  tasks: ImageTask[];
  /** Models that no Dockerfile fits. */
  failed: FailedBuild[];
}

export interface BuildInputs {
  options: BuildOptions;
  access: Access;
  cards: readonly ModelCard[];
  context: Context;
  engine: Engine;
}

export async function planBuilds(inputs: BuildInputs, around: Surroundings): Promise<BuildPlan> {
  const { access, cards, context, engine, options } = inputs;
  const capabilities = await engine.capabilities();
  const tasks = new Map<string, ImageTask>();
  const failed: FailedBuild[] = [];
  for (const card of cards) {
    const dockerfiles = await findDockerfiles(around.cwd, card, context);
    if (dockerfiles.length === 0) {
      failed.push({
        model: card.name,
        card: cardToManifest(card),
        error: await explainNoMatch(around.cwd, card, context),
      });
    }
    for (const dockerfile of dockerfiles) {
      const image = imageName(card, dockerfile.path);
      const known = tasks.get(image);
      if (known) {
        refuseCollision(image, known, card, dockerfile);
        known.cards.push(card);
        continue;
      }
      const plan = planImageBuild({
        root: around.cwd,
        card,
        dockerfile,
        context,
        credentials: access.credentials,
        envSecrets: access.envSecrets,
        capabilities,
        cleanCache: options.cleanDockerCache,
        env: around.env,
      });
      tasks.set(image, { image, cards: [card], dockerfile, plan });
    }
  }
  return { tasks: [...tasks.values()], failed };
}

/** The names of the reference can't tell `a/b` from `a_b`; two Dockerfiles must not overwrite one image. */
function refuseCollision(image: string, known: ImageTask, card: ModelCard, dockerfile: Dockerfile): void {
  const [first] = known.cards;
  if (known.dockerfile.path === dockerfile.path && first?.name === card.name) return;
  throw new MadError('INVALID_FILE', `${first?.name} and ${card.name} would both become the image ${image}`, {
    hint: 'Rename one of the models, or build them one after the other.',
  });
}

export interface BuildOutcome {
  manifest: BuildManifest;
  /** Where it was written. */
  manifestFile: string;
  imagesBuilt: number;
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
): Promise<BuildOutcome> {
  const { options, access, cards } = inputs;
  const started = around.clock.monotonic();
  for (const { model, error } of plan.failed) {
    campaign.emit({ type: 'notice', level: 'warning', code: 'NO_DOCKERFILE', message: `${model}: ${error}` });
  }
  const snapshot = takeSnapshot({ root: around.cwd, cards, runner: around.runner, signal: around.signal });
  // Awaited after the builds; a failure before that must not count as unhandled.
  snapshot.catch(() => {});
  const entries: (BuiltEntry | undefined)[] = [];
  const failed: FailedBuild[] = [...plan.failed];
  await inParallel(plan.tasks, options.jobs, async (task, index) => {
    if (around.signal.aborted) return;
    const result = await buildOne(task, inputs, campaign, around);
    if ('failed' in result) failed.push(...result.failed);
    else entries[index] = result.entry;
  });
  const manifestFile = resolve(around.cwd, options.manifestOutput);
  const built = entries.filter((entry) => entry !== undefined);
  const published = await publishPackage(
    await snapshot,
    manifestFile,
    options,
    inputs.engine,
    access,
    campaign,
    around,
  );
  const manifest = assembleManifest({
    entries: built,
    failed,
    context: inputs.context,
    registry: options.registry,
    package: published,
    version: around.version,
    createdAt: around.clock.now(),
  });
  const clean = access.scrubber.scrubData(manifest);
  await writeManifest(manifestFile, clean);
  campaign.emit({ type: 'file.written', kind: 'build manifest', path: manifestFile });
  const summary = buildSummary(clean, around.clock.monotonic() - started);
  await writeBuildSummary(options, { ...clean, ...summary }, campaign, around);
  const failedPushes = clean.push_failures?.length ?? 0;
  return {
    manifest: clean,
    manifestFile,
    imagesBuilt: built.length,
    failures: failed.length + failedPushes,
    failed,
    summary,
  };
}

async function buildOne(
  task: ImageTask,
  { options, access, engine }: BuildInputs,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<{ entry: BuiltEntry } | { failed: FailedBuild[] }> {
  const [card] = task.cards;
  if (!card) throw new Error('an image task without a card');
  await campaign.folder.journal.append({
    act: 'image.build',
    image: task.image,
    dockerfile: task.dockerfile.path,
  });
  const build = await buildImage({
    plan: task.plan,
    engine,
    emit: campaign.emit,
    logFile: join(campaign.resultsRoot, buildLogName(card, task.dockerfile.path)),
    secretsDir: campaign.secretsDir,
    labels: { 'madengine.campaign': campaign.folder.id, 'madengine.host': campaign.host },
    liveOutput: options.liveOutput,
    scrubber: access.scrubber,
    clock: around.clock,
    signal: around.signal,
  });
  if (build.status === 'FAILURE') {
    const error = build.failure?.evidence ?? build.failure?.message ?? 'the build failed';
    return {
      failed: task.cards.map((each) => ({
        model: each.name,
        image: task.image,
        card: cardToManifest(each),
        dockerfile: task.dockerfile.path,
        error,
        log_file: basename(build.logFile),
      })),
    };
  }
  const push =
    options.registry === undefined
      ? undefined
      : await pushOne(task.image, options.registry, engine, access, campaign, around);
  const { gpuVendor, gpuArchitecture } = task.dockerfile;
  return { entry: { build, push, cards: task.cards, gpuVendor, gpuArchitecture } };
}

async function pushOne(
  image: string,
  registry: string,
  engine: Engine,
  { credentials }: Access,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<PushResult> {
  const target = registryImage(registry, credentials, image);
  const login = loginFor(registry, credentials);
  await campaign.folder.journal.append({ act: 'image.push', image, registry_image: target });
  return pushImage({
    engine,
    image,
    registryImage: target,
    ...(login ? { login } : {}),
    configDir: join(campaign.secretsDir, 'registry'),
    emit: campaign.emit,
    clock: around.clock,
    signal: around.signal,
  });
}

/** The whole manifest with the summary's keys in it, so that the file works at every `--manifest-file`. */
async function writeBuildSummary(
  options: BuildOptions,
  summary: Readonly<Record<string, unknown>>,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<void> {
  if (options.summaryOutput === undefined) return;
  const file = resolve(around.cwd, options.summaryOutput);
  await writeFileAtomic(file, `${JSON.stringify(summary, null, 2)}\n`);
  campaign.emit({ type: 'file.written', kind: 'summary', path: file });
}
