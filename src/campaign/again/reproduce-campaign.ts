/** `runs reproduce`: makes recorded jobs again, as a new campaign, and says what could not be made the same. */
import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { imageAtHand } from '../../image/pull.ts';
import type { Engine } from '../../machine/engine/engine.ts';
import { openEngine } from '../../machine/engine/open-engine.ts';
import { readHostFacts } from '../../machine/host-facts.ts';
import type { BuiltImage } from '../../manifest/manifest-schema.ts';
import { parseManifest } from '../../manifest/read-manifest.ts';
import { takeSnapshot } from '../../package/snapshot.ts';
import { readCampaignFile } from '../../record/campaign/campaign-file.ts';
import { campaignsFolder } from '../../record/campaign/campaign-folder.ts';
import { maskedPaths, readAsked, readPlanned } from '../../record/campaign/campaign-inputs.ts';
import { type Found, findById } from '../../record/campaign/find-by-id.ts';
import { type Comparison, compareCampaigns } from '../../record/compare/compare-campaigns.ts';
import { loadCompared } from '../../record/compare/load-compared.ts';
import type { RunRecord } from '../../record/record-schema.ts';
import { gpuOfRecord } from '../../run/draft-record.ts';
import { sourceOf } from '../../run/image-source.ts';
import { type Job, makeJob } from '../../run/job.ts';
import { provenanceOf } from '../../run/provenance.ts';
import { checkPlaces } from '../check-places.ts';
import { detectDevices } from '../detect-devices.ts';
import { fetchPackage } from '../locate-package.ts';
import { earlierResultsRoot, type OpenCampaign, withCampaign } from '../open-campaign.ts';
import type { CampaignOutcome, RunOptions, Surroundings } from '../options.ts';
import { readAccess, readContext } from '../prepare.ts';
import { frameOf, knownFailuresOf } from '../run-frame.ts';
import type { RunInputs } from '../run-inputs.ts';
import { runPhase } from '../run-phase.ts';
import { withPlugins } from '../with-plugins.ts';
import { placeOf, plannedJobs, requireNoMasks } from './resume-campaign.ts';
import { lastAttempts } from './resumed.ts';
import { missingImage, otherHere, otherPackage } from './what-is-other-now.ts';

export interface ReproduceWish {
  /** Of a campaign or a run. */
  id: string;
  /** `--output`, as typed. */
  output: string;
  /** What each option is where the campaign does not say. */
  defaults: RunOptions;
  /** Options that stand on this command line. */
  typed: Partial<RunOptions>;
}

export interface Reproduced extends CampaignOutcome {
  a: Found;
  b: Found;
  /** Of what was recorded with what came now; undefined where nothing came. */
  comparison: Comparison | undefined;
}

export async function reproduce(wish: ReproduceWish, around: Surroundings): Promise<Reproduced> {
  const resultsRoot = await earlierResultsRoot(wish.output, around.cwd);
  const a = await findById(resultsRoot, wish.id);
  const folder = join(campaignsFolder(resultsRoot), a.campaign);
  const [info, asked, planned, last] = await Promise.all([
    readCampaignFile(folder),
    readAsked(folder),
    readPlanned(folder),
    lastAttempts(folder),
  ]);
  if (!info || !asked || !planned) throw notReproducible(a.campaign);
  const options: RunOptions = {
    ...wish.defaults,
    ...(asked.options as Partial<RunOptions>),
    // Of that time and place.
    ...{ deadline: 0, junit: undefined, summaryOutput: undefined, report: [] },
    ...wish.typed,
    output: join(resultsRoot, info.perf_csv),
  };
  requireNoMasks(maskedPaths(options), 'runs reproduce');
  const there = await withPlugins(options, placeOf(asked, around), () => import('../../plugin/as-target.ts'));
  await checkPlaces(options, there);
  const wanted = plannedJobs(planned).flatMap((job) => {
    const old = last.get(job.key);
    return old && (a.run === undefined || old.run === a.run) ? [{ old, job: sameImage(job, old) }] : [];
  });
  const older = a.run === undefined ? [] : await runOf(resultsRoot, a, plannedJobs(planned), wanted.length);
  const jobs = [...wanted, ...older];
  if (jobs.length === 0) throw notReproducible(a.campaign);

  const [known, access, gpus, engine] = await Promise.all([
    knownFailuresOf(options, there),
    readAccess(there),
    detectDevices(options, there),
    openEngine(options.engine, there.runner),
  ]);
  const manifest = await parseManifest(planned.manifest, 'the recorded manifest');
  const { additionalContext, additionalContextFile } = wish.typed;
  const typedContext = { additionalContext, additionalContextFile };
  const merged = await readContext(typedContext, { manifest: planned.context.values, gpus }, there);
  const isTyped = additionalContext !== undefined || additionalContextFile !== undefined;
  const context = isTyped ? merged : { ...merged, origins: planned.context.origins as typeof merged.origins };
  requireNoMasks(maskedPaths(context.values), 'runs reproduce');

  const missing = await missingImages(jobs, engine);
  const others = await othersHere(jobs, options, gpus, engine, there);
  const inputs: RunInputs = {
    ...{ options, access, manifest, context, engine, gpus, known },
    jobs: jobs.map(({ job }) => job),
    manifestFile: planned.manifest_file,
    ...{ askedAhead: new Map(), failedBuilds: [], buildFailures: 0 },
  };
  const b: { campaign?: string } = {};
  const outcome = await withCampaign(frameOf(options, engine, there, {}), there, async (campaign) => {
    b.campaign = campaign.folder.id;
    for (const words of [...missing, ...others]) tell(campaign, words);
    if (access.credentials.secrets.length > 0)
      tell(campaign, 'secrets are read anew, and nobody knows whether they are the same');
    return runPhase(inputs, campaign, await withPackage(inputs, campaign, there));
  });
  if (b.campaign === undefined) throw notReproducible(a.campaign);
  const found = { campaign: b.campaign };
  const now = await loadCompared(resultsRoot, found);
  const then = await loadCompared(resultsRoot, a);
  const comparison = now.length === 0 ? undefined : { ...compareCampaigns(then, now), only_a: [] };
  return { ...outcome, a, b: found, comparison };
}

interface Wanted {
  job: Job;
  old: RunRecord;
}

/** A run that is not the last attempt at its job. */
async function runOf(
  resultsRoot: string,
  found: Found,
  jobs: readonly Job[],
  already: number,
): Promise<Wanted[]> {
  if (already > 0) return [];
  const [run] = await loadCompared(resultsRoot, found);
  const job = jobs.find(({ key }) => key === run?.record.job);
  return run && job ? [{ old: run.record, job: sameImage(job, run.record) }] : [];
}

/** The image that the run had, whatever its name means now. */
function sameImage(job: Job, { image: { id, digest } }: RunRecord): Job {
  const { local_image: isUsers, ...image } = job.image;
  const named: BuiltImage =
    isUsers && digest ? { ...image, registry_image: image.docker_image } : { ...image };
  if (digest) named.registry_digest = digest;
  if (id) named.image_id = id;
  return id || digest ? makeJob(job.card, job.imageName, named) : job;
}

/** Jobs whose image lost its name are run by its id. Throws NO_FITTING_IMAGE when no image is left. */
async function missingImages(jobs: Wanted[], engine: Engine): Promise<string[]> {
  if (engine.kind === 'host') return [];
  const missing: string[] = [];
  for (const wanted of jobs) {
    const { id } = wanted.old.image;
    const named = await engine.inspect(imageAtHand(sourceOf(wanted.job.image)));
    const byId = id && named?.id !== id ? await engine.inspect(id) : undefined;
    if (byId) {
      const { card, imageName, image } = wanted.job;
      wanted.job = makeJob(card, imageName, { ...image, docker_image: byId.id });
    }
    const isHere = named !== undefined && (!id || named.id === id) ? named : byId;
    const words = missingImage(wanted.old, isHere);
    if (words !== undefined) missing.push(words);
  }
  if (missing.length < jobs.length) return missing;
  throw new MadError('NO_FITTING_IMAGE', missing.join('\n'), {
    hint: 'What is built anew is another image: run it with `madengine-cli run`, and compare with `runs diff`.',
  });
}

async function othersHere(
  jobs: readonly Wanted[],
  options: RunOptions,
  gpus: RunInputs['gpus'],
  engine: Engine,
  { version }: Surroundings,
): Promise<Set<string>> {
  const host = await readHostFacts();
  const engineVersion = await engine.version().catch(() => '');
  const here = {
    ...provenanceOf({ host, version, node: process.version, argv: [], options }),
    gpu: gpuOfRecord(gpus),
    engine: { kind: engine.kind, version: engineVersion },
    host: host.host,
  };
  return new Set(jobs.flatMap(({ old }) => otherHere(old, here)));
}

/** Where the package is another now, its snapshot takes its place, if the manifest has one. */
async function withPackage(
  inputs: RunInputs,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<Surroundings> {
  const then = inputs.manifest.package;
  if (!then) {
    tell(campaign, 'nobody knows whether the package is the same: the manifest has no snapshot of it');
    return around;
  }
  const cards = inputs.jobs.map(({ card }) => card);
  const now = await takeSnapshot({ root: around.cwd, cards, runner: around.runner }).catch(() => undefined);
  const words = now ? otherPackage(then, now) : ['the package is gone'];
  if (words.length === 0) return around;
  if (then.archive || then.image) {
    try {
      const cwd = await fetchPackage(then, inputs, campaign, around);
      tell(campaign, `${words[0]}; its snapshot of then takes its place`, 'info');
      return { ...around, cwd };
    } catch (error) {
      if (!(error instanceof MadError)) throw error;
      words.push(`its snapshot of then can't be had: ${error.message}`);
    }
  }
  for (const one of words) tell(campaign, one);
  return around;
}

function tell({ emit }: OpenCampaign, message: string, level: 'info' | 'warning' = 'warning'): void {
  emit({ type: 'notice', level, code: 'NOT_THE_SAME', message });
}

const notReproducible = (id: string): MadError =>
  new MadError('INVALID_ARGUMENT', `the campaign ${id} has no record of a run that could be made again`, {
    hint: '`madengine-cli runs` lists the campaigns with their commands, `runs show` the runs of one.',
  });
