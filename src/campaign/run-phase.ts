/** Runs the jobs of a manifest on this machine, each with its record and its rows. */
import { resolve } from 'node:path';
import type { Context } from '../context/context.ts';
import { type ExitCode, exitCode, MadError } from '../foundation/error.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import type { Engine } from '../machine/engine/engine.ts';
import type { FailedBuild } from '../manifest/assemble.ts';
import type { BuildManifest } from '../manifest/manifest-schema.ts';
import type { FoundCard } from '../package/card.ts';
import { keyFiles } from '../package/credential-file.ts';
import { cardFromManifest, cardToManifest } from '../package/manifest-card.ts';
import { selectCards } from '../package/selection.ts';
import { parseTags } from '../package/tag.ts';
import { writePlanned } from '../record/campaign-inputs.ts';
import type { KnownFailure } from '../record/known-failure.ts';
import { type PerfWriter, perfWriter } from '../record/perf-writer.ts';
import type { RunRecord } from '../record/record-schema.ts';
import { reserveRoom } from '../record/reserve.ts';
import { beginRun } from '../run/begin-run.ts';
import { captureMode } from '../run/capture-mode.ts';
import { gpusOfHost } from '../run/draft-record.ts';
import { type Job, makeJob } from '../run/job.ts';
import { provenanceOf } from '../run/provenance.ts';
import { hiddenIn } from '../run/run-folder.ts';
import { type RunServices, unkillable } from '../run/run-services.ts';
import { skipOf } from '../run/skip-reason.ts';
import type { ToolChain } from '../stage/tool-chain.ts';
import { findTarget } from '../target/registry.ts';
import { besideRuns } from './beside-runs.ts';
import { leftBecause, notBuilt, startDeadline } from './deadline.ts';
import { tellDevices } from './detect-devices.ts';
import type { Entry } from './entry.ts';
import { exitCodeOf } from './exit-code.ts';
import type { OpenCampaign } from './open-campaign.ts';
import type { RunOptions, Surroundings } from './options.ts';
import { locatePackage } from './package-transport.ts';
import { limitsOf } from './parallel.ts';
import type { Access } from './prepare.ts';
import { isOver, lastAttempts, type Resumed } from './resumed.ts';
import { runJobs } from './run-jobs.ts';
import { toolsOfRun } from './tools-of-run.ts';
import { buildsToRecord, recordFailedBuild, recordUnplaced, unbuiltBefore } from './unbuilt.ts';
import { writeResults } from './write-results.ts';

export interface RunInputs {
  options: RunOptions;
  access: Access;
  manifest: BuildManifest;
  manifestFile: string;
  context: Context;
  engine: Engine;
  gpus: GpuFacts;
  jobs: readonly Job[];
  /** Where they are known already. */
  tools?: ToolChain;
  /** See `RunServices`. */
  askedAhead: RunServices['askedAhead'];
  /** Builds and pushes that failed in the same command. */
  failedBuilds: readonly FailedBuild[];
  buildFailures: number;
  /** The reference's summary of the build, when the same command built. */
  buildPhase?: Readonly<Record<string, unknown>>;
  /** Of `--known-failures`. */
  known: readonly KnownFailure[];
  /** The campaign goes on where an earlier process left it. */
  resume?: Resumed;
  /** All of this was recorded by an earlier process: nothing was built in this one. */
  isRecorded?: true;
}

/**
 * The jobs of a manifest, in its order, or in the order of the tags that choose from it. Throws MODEL_NOT_FOUND for a
 * tag that fits none, NO_FITTING_IMAGE for a manifest without images.
 */
export function jobsOf(manifest: BuildManifest, manifestFile: string, tags: readonly string[]): Job[] {
  const all = Object.entries(manifest.built_images).map(([key, image]) =>
    makeJob(cardFromManifest(manifest.built_models[key] ?? { name: key }), key, image),
  );
  if (all.length === 0) {
    throw new MadError('NO_FITTING_IMAGE', `${manifestFile} holds no image to run`, {
      hint: 'Build some with `madengine-cli build --tags …`.',
    });
  }
  const selectors = parseTags(tags);
  if (selectors.length === 0) return all;
  const byName = new Map<string, Job[]>();
  for (const job of all) byName.set(job.card.name, [...(byName.get(job.card.name) ?? []), job]);
  const found: FoundCard[] = [...byName.values()].flatMap((jobs) =>
    jobs.slice(0, 1).map((job, index) => ({ card: job.card, origin: { file: 'the manifest', index } })),
  );
  return selectCards(found, selectors).flatMap((card) =>
    (byName.get(card.name) ?? []).map((job) =>
      makeJob(
        card.args === job.card.args ? job.card : { ...job.card, args: card.args },
        job.imageName,
        job.image,
      ),
    ),
  );
}

export async function runPhase(
  inputs: RunInputs,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<ExitCode> {
  const { options, jobs, context, gpus } = inputs;
  const started = around.clock.monotonic();
  const writer = perfWriter(campaign.perfCsv, { clock: around.clock });
  const services = await servicesFor(inputs, writer, campaign, around);
  await keepPlanned(inputs, campaign);
  const { resume } = inputs;
  const last = resume ? await lastAttempts(campaign.folder.path) : new Map<string, RunRecord>();
  const unbuilt = unbuiltBefore(inputs, last);
  campaign.before.push(...unbuilt);
  const ran = new Map<number, { record: RunRecord; misfit: boolean }>();
  const keep = async (record: RunRecord, { job, position, skip }: Entry): Promise<void> => {
    if (record.warnings.some((warning) => warning.startsWith(unkillable))) campaign.settled = false;
    ran.set(position, { record, misfit: skip?.misfit ?? false });
    await beside.over(job, record);
  };
  tellDevices(gpus, jobs, context, campaign.emit);
  // No run that failed: they have their own part in the exit code.
  const deadline = startDeadline(options.deadline, campaign.started, around);
  const isDone = ({ key }: Job): boolean => {
    const record = last.get(key);
    return record !== undefined && resume !== undefined && isOver(record, resume);
  };
  for (const [position, job] of jobs.entries()) {
    const record = last.get(job.key);
    const misfit = skipOf(job, context, gpus, options)?.misfit ?? false;
    if (!record || !isDone(job)) continue;
    ran.set(position, { record, misfit });
    campaign.before.push(record);
  }
  if (ran.size > 0) tellDone(ran.size, jobs.length, campaign);
  const isLate = deadline.signal.aborted && !around.signal.aborted;
  for (const build of buildsToRecord(inputs, last)) {
    const late = isLate && build.interrupted ? notBuilt(options.deadline) : undefined;
    unbuilt.push(await recordFailedBuild(build, late, last, services, around));
  }
  const beside = await besideRuns(
    {
      ...{ options, jobs, isResumed: resume !== undefined },
      toRun: jobs.filter((job) => !isDone(job) && !skipOf(job, context, gpus, options)),
      services: { ...services, signal: deadline.signal },
    },
    around,
  );
  const target = await findTarget(options.target, around.plugins?.targets)();
  await runJobs({
    target,
    jobs,
    isDone,
    attemptsBefore: ({ key }) => last.get(key)?.attempt ?? 0,
    goingOn: ({ key }) => {
      const begun = campaign.goingOn.find((draft) => draft.job === key);
      const started = begun && resume?.started.get(begun.run);
      return begun && started ? { begun, started } : undefined;
    },
    limits: limitsOf(options.parallel),
    retries: options.retries,
    skipOf: (job) => skipOf(job, context, gpus, options),
    services: beside.services,
    signal: around.signal,
    keep,
    leave: async (entry) => {
      const failure = leftBecause(entry, options.deadline, around.signal);
      if (entry.started) await services.engine.remove(entry.started.plan.container.name);
      const begun = entry.begun ?? (await beginRun(entry.job, services, entry.attemptsBefore + 1));
      await keep(await recordUnplaced(begun, failure, services, around), entry);
    },
  }).finally(() => beside.stop());
  deadline.stop();
  // By completion in perf.csv, by place in the manifest everywhere else.
  const inOrder = [...ran].sort(([a], [b]) => a - b).map(([, one]) => one);
  const records = [...unbuilt, ...inOrder.map(({ record }) => record)];
  const late = unbuilt.filter(({ failure }) => failure?.class === 'not_run');
  const runs = [...late.map((record) => ({ record, misfit: false })), ...inOrder].map(
    ({ record: { status, known }, misfit }) => ({
      status,
      misfit,
      known: known === true,
    }),
  );
  await services.reserve.release();
  campaign.emit({ type: 'file.written', kind: 'results', path: campaign.perfCsv });
  const knownBuilds = records.filter(({ known, failure }) => known && failure?.class === 'build').length;
  const code = exitCodeOf({ failedBuilds: inputs.buildFailures - knownBuilds, runs });
  await writeResults(
    {
      records,
      images: Object.values(inputs.manifest.built_images),
      buildPhase: inputs.buildPhase,
      success: code === exitCode.success && !around.signal.aborted,
      totalS: around.clock.monotonic() - started,
    },
    options,
    campaign,
    around,
  );
  return code;
}

/** What is to run, for a later `--resume`; the process of a campaign that built says it for all. */
async function keepPlanned(inputs: RunInputs, { folder }: OpenCampaign): Promise<void> {
  const { manifest, manifestFile, context, jobs, access, buildFailures, buildPhase } = inputs;
  if (inputs.isRecorded) return;
  const planned = {
    manifest_file: manifestFile,
    manifest,
    context: { values: context.values, origins: context.origins },
    jobs: jobs.map(({ card, imageName, image }) => ({
      card: cardToManifest(card),
      image_name: imageName,
      image,
    })),
    build_failures: buildFailures,
    failed_builds: inputs.failedBuilds.map((build) => ({ ...build })),
    ...(buildPhase === undefined ? {} : { build_phase: { ...buildPhase } }),
  };
  await writePlanned(folder.path, access.scrubber.scrubData(planned));
}

function tellDone(done: number, total: number, { emit }: OpenCampaign): void {
  const message = `${done} of ${total} models are done already`;
  emit({ type: 'notice', level: 'info', code: 'RESUMED', message });
}

export async function servicesFor(
  inputs: RunInputs,
  writer: PerfWriter,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<RunServices> {
  const { options, access, jobs, manifest, engine, context, gpus } = inputs;
  const [packageDir, hostFacts, contextHash, reserve] = await Promise.all([
    jobs.length === 0
      ? around.cwd
      : locatePackage(
          manifest,
          inputs.manifestFile,
          [...new Set(jobs.map((job) => job.card.scripts))],
          engine,
          access,
          campaign,
          around,
        ),
    campaign.folder.storeByHash('host', hostWith(gpus, campaign)),
    campaign.folder.storeByHash(
      'context',
      access.scrubber.scrubData({ values: context.values, origins: context.origins }),
    ),
    reserveRoom(campaign.folder.path, jobs.length),
  ]);
  const tools = inputs.tools ?? (await toolsOfRun(context, options, packageDir, around));
  let version: Promise<string> | undefined;
  const engineVersion = (): Promise<string> => {
    version ??= engine.version().catch(() => '');
    return version;
  };
  return {
    engine,
    engineVersion,
    clock: around.clock,
    emit: campaign.emit,
    signal: around.signal,
    scrubber: access.scrubber,
    campaign: campaign.folder,
    secretsDir: campaign.secretsDir,
    writer,
    reserve,
    resultsRoot: campaign.resultsRoot,
    packageDir,
    hidden: await hiddenIn(packageDir, campaign.resultsRoot, keyFiles(access.credentials, packageDir)),
    package: manifest.package,
    context,
    ...(tools ? { tools } : {}),
    credentials: access.credentials,
    envSecrets: access.envSecrets,
    settings: options,
    ...(around.plugins ? { plugins: around.plugins } : {}),
    data: {
      cwd: around.cwd,
      config: options.dataConfig && resolve(around.cwd, options.dataConfig),
      mirror: options.forceMirrorLocal && resolve(around.cwd, options.forceMirrorLocal),
    },
    knownFailures: inputs.known,
    ...capturesOf(context, options, campaign, access),
    gpus,
    devices: { runner: around.runner, env: around.env, setAside: new Map() },
    host: campaign.host,
    hostFacts,
    contextHash,
    registry: options.registry ?? manifest.registry,
    askedAhead: inputs.askedAhead,
    buildNumber: around.env.BUILD_NUMBER ?? '0',
    pipeline: around.env.pipeline ?? '',
    provenance: provenanceOf({
      host: campaign.hostFacts,
      version: around.version,
      node: process.version,
      argv: around.argv,
      options,
      ...(around.plugins ? { plugins: [...around.plugins.loaded] } : {}),
    }),
    giveBackTo: campaign.giveBackTo,
  };
}

/** Loaded at once, while the engine is being asked for the first image. */
function capturesOf(
  context: Context,
  options: RunOptions,
  { folder }: OpenCampaign,
  { scrubber }: Access,
): Pick<RunServices, 'captures'> {
  const mode = captureMode(context, options);
  if (mode === undefined) return {};
  const captures = import('../run/environment-captures.ts').then(({ environmentCaptures }) =>
    environmentCaptures({ mode, campaign: folder.path, scrubber }),
  );
  // Told by the first job that needs it.
  captures.catch(() => {});
  return { captures };
}

/** The machine as records refer to it, with its GPUs one by one. */
const hostWith = (gpus: GpuFacts, { hostFacts }: OpenCampaign): unknown =>
  gpus.count === 0 ? hostFacts : { ...hostFacts, gpus: gpusOfHost(gpus) };
