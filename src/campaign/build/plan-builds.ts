/** What a build will do: images to build and where they go, images that are there already, models that nothing fits. */
import type { Context } from '../../context/context.ts';
import { buildArgsOf } from '../../context/known-keys.ts';
import { MadError } from '../../foundation/error.ts';
import { planImageBuild } from '../../image/build-plan.ts';
import { type Dockerfile, explainNoMatch, findDockerfiles } from '../../image/dockerfile.ts';
import { architectureArgument, fitsTarget, parseTargetArchitectures } from '../../image/gpu-architecture.ts';
import { imageName } from '../../image/name.ts';
import type { Engine } from '../../machine/engine/engine.ts';
import type { FailedBuild, GivenImage } from '../../manifest/assemble.ts';
import type { ModelCard } from '../../package/card.ts';
import { cardToManifest } from '../../package/manifest-card.ts';
import { requireModelFiles } from '../../package/model-files.ts';
import { tellUnusedKeys } from '../context-notices.ts';
import type { BuildOptions, Surroundings } from '../options.ts';
import type { Access } from '../prepare.ts';
import { existingImages, ownImages } from './given-image.ts';
import type { ImageTask } from './image-task.ts';
import { nameTargets } from './name-targets.ts';
import type { WantedModel } from './wanted-model.ts';

export interface BuildPlan {
  tasks: ImageTask[];
  /** Images that are not built. */
  given: GivenImage[];
  /** Models that no Dockerfile fits. */
  failed: FailedBuild[];
}

export interface BuildInputs {
  options: BuildOptions;
  access: Access;
  wanted: readonly WantedModel[];
  context: Context;
  engine: Engine;
  /** GPU architecture of this machine, where the images are to run on it. */
  architecture?: string;
}

export async function planBuilds(inputs: BuildInputs, around: Surroundings): Promise<BuildPlan> {
  const { wanted, context, access, options } = inputs;
  const own = ownImages(options.useImage, context, wanted, around);
  const toBuild = wanted.filter(({ build }) => build).map(({ card }) => card);
  await requireModelFiles(around.cwd, toBuild, { dockerfiles: own === undefined });
  if (own) return { tasks: [], given: own, failed: [] };
  await tellUnusedKeys(
    context,
    wanted.map(({ card }) => card),
    around,
  );
  const variants = variantsOf(inputs, around);
  const plan: BuildPlan = { tasks: [], given: [], failed: [] };
  for (const one of wanted) {
    const found = await findDockerfiles(around.cwd, one.card, context);
    if (!one.build) plan.given.push(...existingImages(one, found, access.credentials));
    else await addTasks(plan, one, { found, variants }, inputs, around);
  }
  nameTargets(plan.tasks, wanted, access);
  return plan;
}

/** The context as it is, or once for each target architecture, which then is a build argument in it. */
interface Variant {
  context: Context;
  architecture: string | undefined;
}

/** One image of a model, if it fits. */
interface Choice {
  dockerfile: Dockerfile;
  variant: Variant;
}

/** All images that a model may have. */
interface Choices {
  found: readonly Dockerfile[];
  variants: readonly Variant[];
}

function variantsOf({ options, context }: BuildInputs, around: Surroundings): Variant[] {
  const architectures = parseTargetArchitectures(options.targetArchs);
  const given = buildArgsOf(context)[architectureArgument];
  if (given !== undefined && architectures.length > 0) {
    around.events.emit({
      type: 'notice',
      level: 'warning',
      code: 'TARGET_ARCHS_IGNORED',
      message: `--target-archs has no effect: the context's docker_build_arg names ${architectureArgument} ${given}`,
      hint: 'Take it out of the context to build for several architectures.',
    });
  }
  if (given !== undefined || architectures.length === 0) return [{ context, architecture: undefined }];
  return architectures.map((architecture) => ({
    context: withArchitecture(context, architecture),
    architecture,
  }));
}

const withArchitecture = (context: Context, architecture: string): Context => ({
  ...context,
  values: {
    ...context.values,
    docker_build_arg: { ...buildArgsOf(context), [architectureArgument]: architecture },
  },
});

async function addTasks(
  plan: BuildPlan,
  wanted: WantedModel,
  { found, variants }: Choices,
  inputs: BuildInputs,
  around: Surroundings,
): Promise<void> {
  const { card } = wanted;
  const fail = (error: string): void => {
    plan.failed.push({ model: card.name, card: cardToManifest(card), error });
  };
  if (found.length === 0) return fail(await explainNoMatch(around.cwd, card, inputs.context));
  const all = variants.flatMap((variant) => found.map((dockerfile) => ({ dockerfile, variant })));
  const fitting = all.filter(fits);
  for (const choice of all) if (!fits(choice)) tellUnfit(choice, around);
  for (const choice of fitting) await addTask(plan.tasks, wanted, choice, inputs, around);
  if (fitting.length > 0) return;
  const made = found.map(({ path, madeFor }) => `${path} (for ${madeFor?.join(', ')})`);
  fail(`no Dockerfile of the model ${card.name} fits --target-archs: ${made.join('; ')}`);
}

const fits = ({ dockerfile, variant: { architecture } }: Choice): boolean =>
  architecture === undefined || fitsTarget(dockerfile.madeFor, architecture);

function tellUnfit({ dockerfile, variant: { architecture } }: Choice, around: Surroundings): void {
  const { path, madeFor } = dockerfile;
  around.events.emit({
    type: 'notice',
    level: 'warning',
    code: 'ARCHITECTURE_LEFT_OUT',
    message: `${path} is not built for ${architecture}: it is made for ${madeFor?.join(', ') || 'none that its lists share'}`,
    hint: `Declare ARG ${architectureArgument} in it, and compile for that.`,
  });
}

async function addTask(
  tasks: ImageTask[],
  wanted: WantedModel,
  choice: Choice,
  inputs: BuildInputs,
  around: Surroundings,
): Promise<void> {
  const { card, registry } = wanted;
  const { access, engine, options } = inputs;
  const { dockerfile } = choice;
  const { context, architecture } = variantFor(choice, inputs);
  const image = imageName(card, dockerfile.path, architecture);
  const known = tasks.find((task) => task.image === image);
  if (known) {
    refuseCollision(known, card, dockerfile);
    refuseTwoTargets(known, wanted, inputs.wanted);
    known.cards.push(card);
    return;
  }
  const gpuArchitecture = buildArgsOf(context)[architectureArgument] ?? dockerfile.gpuArchitecture;
  const described = gpuArchitecture ? { ...dockerfile, gpuArchitecture } : dockerfile;
  const plan = planImageBuild({
    root: around.cwd,
    card,
    dockerfile: described,
    context,
    ...(architecture === undefined ? {} : { architecture }),
    credentials: access.credentials,
    envSecrets: access.envSecrets,
    capabilities: await engine.capabilities(),
    cleanCache: options.cleanDockerCache,
    env: around.env,
  });
  const own = { image, architecture, registry, registryImage: undefined };
  tasks.push({ ...own, cards: [card], dockerfile: described, plan });
}

/** What runs on this machine is built for its GPUs, where the Dockerfile asks and nobody says otherwise. */
function variantFor({ dockerfile, variant }: Choice, { architecture }: BuildInputs): Variant {
  const asks = dockerfile.declaredArgs.includes(architectureArgument);
  if (!architecture || !asks || buildArgsOf(variant.context)[architectureArgument] !== undefined)
    return variant;
  return { ...variant, context: withArchitecture(variant.context, architecture) };
}

/** The names of the reference can't tell `a/b` from `a_b`; two Dockerfiles must not overwrite one image. */
function refuseCollision(known: ImageTask, card: ModelCard, dockerfile: Dockerfile): void {
  const [first] = known.cards;
  if (known.dockerfile.path === dockerfile.path && first?.name === card.name) return;
  throw new MadError(
    'INVALID_FILE',
    `${first?.name} and ${card.name} would both become the image ${known.image}`,
    { hint: 'Rename one of the models, or build them one after the other.' },
  );
}

/** Models that differ in their arguments share an image, which goes to one place. */
function refuseTwoTargets(known: ImageTask, card: WantedModel, wanted: readonly WantedModel[]): void {
  const first = wanted.find((one) => one.card === known.cards[0]);
  if (first?.registry === card.registry && first?.registryImage === card.registryImage) return;
  throw new MadError(
    'INVALID_FILE',
    `the batch manifest sends the image ${known.image} of ${card.card.name} to two places`,
    { hint: 'Give all entries of one model the same registry and registry_image.' },
  );
}
