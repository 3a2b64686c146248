/** From a candidate to the job that measures it: its image built or named, its files at their commit. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../../context/context.ts';
import { MadError } from '../../foundation/error.ts';
import { imageName } from '../../image/name.ts';
import type { GpuFacts } from '../../machine/device/detect.ts';
import type { Engine } from '../../machine/engine/engine.ts';
import { assembleManifest } from '../../manifest/assemble.ts';
import type { BuildManifest } from '../../manifest/manifest-schema.ts';
import type { ModelCard } from '../../package/card.ts';
import { keyFiles } from '../../package/credential-file.ts';
import { takeSnapshot } from '../../package/snapshot.ts';
import type { RunFailure } from '../../record/record-schema.ts';
import { withoutRevision } from '../../run/clone/clone-address.ts';
import { type Job, makeJob } from '../../run/job.ts';
import { hiddenIn } from '../../run/run-folder.ts';
import type { RunServices } from '../../run/run-services.ts';
import { buildPhase } from '../build/build-phase.ts';
import { ownImage, ownImages } from '../build/given-image.ts';
import { planBuilds } from '../build/plan-builds.ts';
import { jobsOf } from '../jobs/jobs-of-manifest.ts';
import type { OpenCampaign } from '../open-campaign.ts';
import type { Surroundings } from '../options.ts';
import { type Access, chooseCards } from '../prepare.ts';
import { toolsOfRun } from '../tools-of-run.ts';
import { credentialsOfFolder } from './credentials-of-folder.ts';
import type { BisectOptions } from './options.ts';
import { checkOut, type PackageRepository } from './package-repository.ts';
import type { Candidate } from './series.ts';

/** What all candidates share. */
export interface Ground {
  options: BisectOptions;
  access: Access;
  context: Context;
  engine: Engine;
  gpus: GpuFacts;
  campaign: OpenCampaign;
  around: Surroundings;
  /** As for the package in the current folder. */
  services: RunServices;
}

export interface Prepared {
  job: Job;
  services: RunServices;
}

export interface CandidateJobs {
  /** Throws what has nothing to do with the candidate. */
  prepare(candidate: Candidate): Promise<Prepared | { failure: RunFailure }>;
  /** Removes what was made for all candidates but these. */
  keepOnly(candidates: readonly Candidate[]): Promise<void>;
}

const nothingToRemove = async (): Promise<void> => {};

/** The key of a candidate's job, by which its records are found again. */
export const keyOf = (model: string, { id }: Candidate): string => `${model} @${id}`;

const withKey = (job: Job, model: string, candidate: Candidate): Job => ({
  ...job,
  key: keyOf(model, candidate),
});

/** The model that the tags choose. Throws as `chooseCards` does, and INVALID_ARGUMENT where they choose several. */
export async function oneCard(tags: readonly string[], around: Surroundings): Promise<ModelCard> {
  const [card, ...others] = await chooseCards(tags, around);
  if (card && others.length === 0) return card;
  throw new MadError(
    'INVALID_ARGUMENT',
    `the tags choose ${others.length + 1} models, and a bisect measures one`,
    {
      hint: 'Name one model, such as --tags dummy.',
    },
  );
}

/** The same package in one image after the other. */
export async function imageJobs(ground: Ground, model: string): Promise<CandidateJobs> {
  const { options, context, around } = ground;
  const card = await oneCard(options.tags, around);
  const services = await servicesAt(around, await manifestOf(ground, card, around), ground);
  return {
    async prepare(candidate) {
      const wanted = [{ card, build: false, registry: undefined }];
      const [given] = ownImages(candidate.id, context, wanted, around) ?? [];
      const job = makeJob(given?.card ?? card, candidate.id, ownImage(candidate.id));
      return { job: withKey(job, model, candidate), services };
    },
    keepOnly: nothingToRemove,
  };
}

/** One image with one commit of the card's repository after the other. */
export async function modelJobs(ground: Ground, model: string): Promise<CandidateJobs> {
  const made = await makeOne(ground.around, undefined, ground);
  if ('failure' in made) {
    ground.around.signal.throwIfAborted();
    throw new MadError('BUILD_FAILED', `the image of ${model} could not be made: ${made.failure.message}`, {
      hint: 'Its log lies beside perf.csv.',
    });
  }
  const services = await servicesAt(ground.around, made.manifest, ground);
  return {
    async prepare(candidate) {
      const { card } = made.job;
      const url = `${withoutRevision(card.url).url}#${candidate.id}`;
      return { job: withKey({ ...made.job, card: { ...card, url } }, model, candidate), services };
    },
    keepOnly: nothingToRemove,
  };
}

/** One commit of the package after the other, each checked out, built and run there. */
export function packageJobs(ground: Ground, model: string, repository: PackageRepository): CandidateJobs {
  const { campaign, around } = ground;
  const checkouts = new Map<string, string>();
  return {
    async prepare(candidate) {
      const folder = join(campaign.folder.path, 'checkouts', candidate.id);
      await campaign.folder.journal.append({ act: 'work.dir', run: campaign.folder.id, path: folder });
      checkouts.set(candidate.id, folder);
      try {
        const cwd = await checkOut(candidate.id, folder, repository, around.runner, around.signal);
        const place = { ...around, cwd };
        const made = await makeOne(place, candidate.id, ground);
        if ('failure' in made) return made;
        const services = await servicesAt(place, made.manifest, ground);
        return { job: withKey(made.job, model, candidate), services };
      } catch (error) {
        if (around.signal.aborted || !(error instanceof MadError) || !ofCandidate.has(error.code))
          throw error;
        return { failure: { class: 'setup', stage: null, message: error.message, permanent: true } };
      }
    },
    async keepOnly(candidates) {
      const kept = new Set(candidates.map(({ id }) => id));
      for (const [id, path] of checkouts) {
        if (kept.has(id)) continue;
        await rm(path, { recursive: true, force: true });
        await campaign.folder.journal.append({ act: 'dir.removed', path });
        checkouts.delete(id);
      }
    },
  };
}

/** What a commit can have wrong; the machine's own troubles are no candidate's. */
const ofCandidate: ReadonlySet<string> = new Set([
  'INVALID_ARGUMENT',
  'INVALID_FILE',
  'FILE_NOT_FOUND',
  'PACKAGE_NOT_FOUND',
  'HOOK_FAILED',
  'MODEL_NOT_FOUND',
  'COMMAND_FAILED',
  'NO_FITTING_IMAGE',
]);

/** The model of the package in `place.cwd`, with an image of its own for each commit. */
async function makeOne(
  place: Surroundings,
  commit: string | undefined,
  ground: Ground,
): Promise<{ job: Job; manifest: BuildManifest } | { failure: RunFailure }> {
  const { options, access, context, engine, gpus, campaign } = ground;
  const card = await oneCard(options.tags, place);
  if (engine.kind === 'host') {
    const image = imageName(card, '');
    return { job: makeJob(card, image, ownImage(image)), manifest: await manifestOf(ground, card, place) };
  }
  const { architecture } = gpus;
  const file = join(campaign.folder.path, `manifest-${commit ?? 'of-package'}.json`);
  const inputs = {
    options: { ...options, manifestOutput: file, package: 'none' as const },
    wanted: [{ card, build: true, registry: undefined }],
    ...{ access, context, engine, architecture },
  };
  const plan = await planBuilds(inputs, place);
  const tasks = plan.tasks.map((task) => {
    if (commit === undefined) return task;
    const image = `${task.image}:${commit.slice(0, 12)}`;
    return { ...task, image, plan: { ...task.plan, image } };
  });
  const built = await buildPhase(inputs, { ...plan, tasks }, campaign, place);
  const [failed] = built.failed;
  if (failed) {
    const stage = failed.interrupted ? ('interrupted' as const) : ('build' as const);
    return {
      failure: {
        class: stage,
        stage: 'build',
        message: 'its image could not be built',
        evidence: failed.error,
      },
    };
  }
  const [job, second] = jobsOf(built.manifest, built.manifestFile, []);
  if (job && !second) return { job, manifest: built.manifest };
  throw new MadError(
    'INVALID_ARGUMENT',
    `${card.name} has several images: ${job?.imageName}, ${second?.imageName}`,
    {
      hint: 'Let the context choose one of its Dockerfiles, such as by guest_os.',
    },
  );
}

async function manifestOf(ground: Ground, card: ModelCard, place: Surroundings): Promise<BuildManifest> {
  const { context } = ground;
  return assembleManifest({
    ...{ entries: [], given: [], failed: [], context, registry: undefined },
    package: await takeSnapshot({ root: place.cwd, cards: [card], runner: place.runner }),
    version: place.version,
    createdAt: place.clock.now(),
  });
}

/** The services of the campaign for the package in another folder. */
async function servicesAt(
  { cwd }: Surroundings,
  manifest: BuildManifest,
  { services, access, campaign, context, options, around }: Ground,
): Promise<RunServices> {
  const { tools: _, ...shared } = services;
  const tools = await toolsOfRun(context, options, cwd, around);
  return {
    ...shared,
    credentials: credentialsOfFolder(access.credentials, around.cwd),
    packageDir: cwd,
    hidden: await hiddenIn(cwd, campaign.resultsRoot, keyFiles(access.credentials, cwd)),
    package: manifest.package,
    data: { ...services.data, cwd },
    ...(tools ? { tools } : {}),
  };
}
