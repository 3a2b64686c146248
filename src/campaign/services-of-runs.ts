/** What all runs of a campaign share, put together from what was asked for and what is here. */
import { resolve } from 'node:path';
import type { Context } from '../context/context.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import { keyFiles } from '../package/credential-file.ts';
import { reserveRoom } from '../record/campaign/reserve.ts';
import type { PerfWriter } from '../record/perf/perf-writer.ts';
import { gpusOfHost } from '../run/draft-record.ts';
import { captureMode } from '../run/environment/capture-mode.ts';
import { provenanceOf } from '../run/provenance.ts';
import { hiddenIn } from '../run/run-folder.ts';
import type { RunServices } from '../run/run-services.ts';
import { removeOrphans } from './clean-up.ts';
import type { OpenCampaign } from './open-campaign.ts';
import type { RunOptions, Surroundings } from './options.ts';
import { locatePackage } from './package-transport.ts';
import type { Access } from './prepare.ts';
import type { RunInputs } from './run-inputs.ts';
import { toolsOfRun } from './tools-of-run.ts';

export async function servicesFor(
  inputs: RunInputs,
  writer: PerfWriter,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<RunServices> {
  const { options, access, jobs, manifest, engine, context, gpus } = inputs;
  const [packageDir, hostFacts, contextHash] = await Promise.all([
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
  ]);
  const tools = inputs.tools ?? (await toolsOfRun(context, options, packageDir, around));
  const keys = keyFiles(access.credentials, packageDir);
  const hidden = await hiddenIn(packageDir, campaign.resultsRoot, keys);
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
    // When nothing else can fail: it must not come after the campaign has closed.
    reserve: await reserveRoom(campaign.folder.path, jobs.length),
    resultsRoot: campaign.resultsRoot,
    packageDir,
    hidden,
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
    devices: {
      runner: around.runner,
      env: around.env,
      setAside: new Map(),
      hung: new Set(gpus.hungTools),
      endOrphans: () =>
        removeOrphans({ engine, host: campaign.host, emit: campaign.emit, ownCampaign: campaign.folder.id }),
    },
    host: campaign.host,
    hostFacts,
    contextHash,
    builtHere: inputs.buildPhase !== undefined,
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
  const captures = import('../run/environment/environment-captures.ts').then(({ environmentCaptures }) =>
    environmentCaptures({ mode, campaign: folder.path, scrubber }),
  );
  // Told by the first job that needs it.
  captures.catch(() => {});
  return { captures };
}

/** The machine as records refer to it, with its GPUs one by one. */
const hostWith = (gpus: GpuFacts, { hostFacts }: OpenCampaign): unknown =>
  gpus.count === 0 ? hostFacts : { ...hostFacts, gpus: gpusOfHost(gpus) };
