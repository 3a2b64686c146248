/** What all runs of a campaign share, put together from what was asked for and what is here. */
import { resolve } from 'node:path';
import type { Context } from '../context/context.ts';
import type { Engine } from '../machine/engine/engine.ts';
import { keyFiles } from '../package/credential-file.ts';
import { reserveRoom } from '../record/campaign/reserve.ts';
import type { PerfWriter } from '../record/perf/perf-writer.ts';
import { gpusOfHost } from '../run/draft-record.ts';
import { captureMode } from '../run/environment/capture-mode.ts';
import { provenanceOf } from '../run/provenance.ts';
import { hiddenIn } from '../run/run-folder.ts';
import type { DeviceServices, RunServices } from '../run/run-services.ts';
import { removeOrphans } from './clean-up.ts';
import { locatePackage } from './locate-package.ts';
import type { OpenCampaign } from './open-campaign.ts';
import type { RunOptions, Surroundings } from './options.ts';

import type { Access } from './prepare.ts';
import type { RunInputs } from './run-inputs.ts';
import { toolsOfRun } from './tools-of-run.ts';

export async function servicesFor(
  inputs: RunInputs,
  writer: PerfWriter,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<RunServices> {
  const { options, access, jobs, context } = inputs;
  const [packageDir, stored] = await Promise.all([
    // Nothing is fetched where nothing runs.
    jobs.length === 0 ? around.cwd : locatePackage(inputs, campaign, around),
    storedFacts(inputs, campaign),
  ]);
  const tools = inputs.tools ?? (await toolsOfRun(context, options, packageDir, around));
  const keys = keyFiles(access.credentials, packageDir);
  return {
    ...whatWasAskedFor(inputs, around),
    ...whatIsHere(inputs, campaign, around),
    ...stored,
    writer,
    packageDir,
    hidden: await hiddenIn(packageDir, campaign.resultsRoot, keys),
    ...(tools ? { tools } : {}),
    ...capturesOf(context, options, campaign, access),
    devices: devicesFor(inputs, campaign, around),
    provenance: provenanceOf({
      host: campaign.hostFacts,
      version: around.version,
      node: process.version,
      argv: around.argv,
      options,
      ...(around.plugins ? { plugins: [...around.plugins.loaded] } : {}),
    }),
    // When nothing else can fail: it must not come after the campaign has closed.
    reserve: await reserveRoom(campaign.folder.path, jobs.length),
  };
}

/** What all records refer to by its hash. */
async function storedFacts(
  { access, context, gpus }: RunInputs,
  { folder, hostFacts }: OpenCampaign,
): Promise<Pick<RunServices, 'hostFacts' | 'contextHash'>> {
  const host = gpus.count === 0 ? hostFacts : { ...hostFacts, gpus: gpusOfHost(gpus) };
  const told = access.scrubber.scrubData({ values: context.values, origins: context.origins });
  const [hostHash, contextHash] = await Promise.all([
    folder.storeByHash('host', host),
    folder.storeByHash('context', told),
  ]);
  return { hostFacts: hostHash, contextHash };
}

function whatWasAskedFor(inputs: RunInputs, { cwd, env }: Surroundings) {
  const { options, access, manifest } = inputs;
  const absolute = (path: string | undefined): string | undefined => path && resolve(cwd, path);
  return {
    settings: options,
    context: inputs.context,
    package: manifest.package,
    registry: options.registry ?? manifest.registry,
    builtHere: inputs.buildPhase !== undefined,
    knownFailures: inputs.known,
    data: {
      cwd,
      config: absolute(options.dataConfig),
      mirror: absolute(options.forceMirrorLocal),
    },
    credentials: access.credentials,
    envSecrets: access.envSecrets,
    scrubber: access.scrubber,
    buildNumber: env.BUILD_NUMBER ?? '0',
    pipeline: env.pipeline ?? '',
  } satisfies Partial<RunServices>;
}

function whatIsHere({ engine, gpus, askedAhead }: RunInputs, campaign: OpenCampaign, around: Surroundings) {
  return {
    engine,
    engineVersion: versionOf(engine),
    askedAhead,
    gpus,
    clock: around.clock,
    signal: around.signal,
    ...(around.plugins ? { plugins: around.plugins } : {}),
    emit: campaign.emit,
    campaign: campaign.folder,
    secretsDir: campaign.secretsDir,
    resultsRoot: campaign.resultsRoot,
    host: campaign.host,
    giveBackTo: campaign.giveBackTo,
  } satisfies Partial<RunServices>;
}

/** Asks once, and not before somebody wants to know. */
function versionOf(engine: Engine): () => Promise<string> {
  let version: Promise<string> | undefined;
  return () => {
    version ??= engine.version().catch(() => '');
    return version;
  };
}

const devicesFor = (
  { engine, gpus }: RunInputs,
  { host, emit, folder }: OpenCampaign,
  { runner, env }: Surroundings,
): DeviceServices => ({
  runner,
  env,
  setAside: new Map(),
  hung: new Set(gpus.hungTools),
  endOrphans: () => removeOrphans({ engine, host, emit, ownCampaign: folder.id }),
});

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
