import { type ExitCode, exitCode } from '../foundation/error.ts';
import { cardToManifest } from '../package/manifest-card.ts';
import { writePlanned } from '../record/campaign/campaign-inputs.ts';
import { perfWriter } from '../record/perf/perf-writer.ts';
import type { RunRecord } from '../record/record-schema.ts';
import { beginRun } from '../run/begin-run.ts';
import type { Job } from '../run/job.ts';
import { type RunServices, unkillable } from '../run/run-services.ts';
import { type Skip, skipOf } from '../run/skip-reason.ts';
import { findTarget } from '../target/registry.ts';
import { isOver, type LastAttempts, lastAttempts } from './again/resumed.ts';
import { besideRuns } from './beside-runs.ts';
import { buildsToRecord, recordFailedBuild, recordUnplaced, unbuiltBefore } from './build/unbuilt.ts';
import { leftBecause, notBuilt, startDeadline } from './deadline.ts';
import { tellDevices } from './detect-devices.ts';
import { exitCodeOf } from './exit-code.ts';
import type { Entry } from './jobs/entry.ts';
import { limitsOf } from './jobs/parallel.ts';
import { runJobs } from './jobs/run-jobs.ts';
import type { OpenCampaign } from './open-campaign.ts';
import type { Surroundings } from './options.ts';
import type { RunInputs } from './run-inputs.ts';
import { servicesFor } from './services-of-runs.ts';
import { writeResults } from './write-results.ts';

export async function runPhase(
  inputs: RunInputs,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<ExitCode> {
  const { options, jobs, context, gpus, resume } = inputs;
  const started = around.clock.monotonic();
  const writer = perfWriter(campaign.perfCsv, { clock: around.clock });
  const [services] = await Promise.all([
    servicesFor(inputs, writer, campaign, around),
    keepPlanned(inputs, campaign),
  ]);
  const last = resume ? await lastAttempts(campaign.folder.path) : new Map<string, RunRecord>();
  const unbuilt = unbuiltBefore(inputs, last);
  campaign.before.push(...unbuilt);
  tellDevices(gpus, jobs, context, campaign.emit);
  const deadline = startDeadline(options.deadline, campaign.started, around);
  const ran = ranBefore(inputs, last, campaign);
  const isLate = deadline.signal.aborted && !around.signal.aborted;
  for (const build of buildsToRecord(inputs, last)) {
    const late = isLate && build.interrupted ? notBuilt(options.deadline) : undefined;
    unbuilt.push(await recordFailedBuild(build, late, last, services, around));
  }
  await runWhatIsLeft(
    { inputs, last, ran, services: { ...services, signal: deadline.signal } },
    campaign,
    around,
  );
  deadline.stop();
  await services.reserve.release();
  campaign.emit({ type: 'file.written', kind: 'results', path: campaign.perfCsv });
  // By completion in perf.csv, by place in the manifest everywhere else.
  const inOrder = [...ran].sort(([a], [b]) => a - b).map(([, one]) => one);
  const records = [...unbuilt, ...inOrder.map(({ record }) => record)];
  const code = codeOf(inputs, unbuilt, inOrder);
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

interface Ran {
  record: RunRecord;
  /** Skipped, because its image is for another kind of machine. */
  misfit: boolean;
}

/** The last records of jobs that an earlier process of the campaign was through with, by their place in the manifest. */
function ranBefore(inputs: RunInputs, last: LastAttempts, campaign: OpenCampaign): Map<number, Ran> {
  const { jobs, context, gpus, options } = inputs;
  const ran = new Map<number, Ran>();
  for (const [position, job] of jobs.entries()) {
    const record = last.get(job.key);
    if (!record || !isDone(job, inputs, last)) continue;
    ran.set(position, { record, misfit: skipOf(job, context, gpus, options)?.misfit ?? false });
    campaign.before.push(record);
  }
  if (ran.size > 0) tellDone(ran.size, jobs.length, campaign);
  return ran;
}

function isDone({ key }: Job, { resume }: RunInputs, last: LastAttempts): boolean {
  const record = last.get(key);
  return record !== undefined && resume !== undefined && isOver(record, resume);
}

interface Left {
  inputs: RunInputs;
  last: LastAttempts;
  /** Filled. */
  ran: Map<number, Ran>;
  /** Their signal aborts at the deadline, too. */
  services: RunServices;
}

async function runWhatIsLeft(
  { inputs, last, ran, services }: Left,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<void> {
  const { options, jobs, context, gpus, resume } = inputs;
  const skip = (job: Job): Skip | undefined => skipOf(job, context, gpus, options);
  const isOverAlready = (job: Job): boolean => isDone(job, inputs, last);
  const toRun = jobs.filter((job) => !isOverAlready(job) && !skip(job));
  const beside = await besideRuns(
    { options, jobs, isResumed: resume !== undefined, toRun, services },
    around,
  );
  const keep = async (record: RunRecord, entry: Entry): Promise<void> => {
    if (record.warnings.some((warning) => warning.startsWith(unkillable))) campaign.settled = false;
    ran.set(entry.position, { record, misfit: entry.skip?.misfit ?? false });
    await beside.over(entry.job, record);
  };
  await runJobs({
    target: await findTarget(options.target, around.plugins?.targets)(),
    jobs,
    isDone: isOverAlready,
    attemptsBefore: ({ key }) => last.get(key)?.attempt ?? 0,
    goingOn: ({ key }) => {
      const begun = campaign.goingOn.find((draft) => draft.job === key);
      const started = begun && resume?.started.get(begun.run);
      return begun && started ? { begun, started } : undefined;
    },
    limits: limitsOf(options.parallel),
    retries: options.retries,
    skipOf: skip,
    services: beside.services,
    keep,
    leave: async (entry) => {
      const failure = leftBecause(entry, options.deadline, around.signal);
      if (entry.started) await services.engine.remove(entry.started.plan.container.name);
      const begun = entry.begun ?? (await beginRun(entry.job, services, entry.attemptsBefore + 1));
      await keep(await recordUnplaced(begun, failure, services, around), entry);
    },
  }).finally(() => beside.stop());
}

/** Builds that failed have their own part in the exit code; those that the deadline left undone count as runs. */
function codeOf(inputs: RunInputs, unbuilt: readonly RunRecord[], ran: readonly Ran[]): ExitCode {
  const late = unbuilt.filter(({ failure }) => failure?.class === 'not_run');
  const counted = [...late.map((record) => ({ record, misfit: false })), ...ran];
  const known = [...unbuilt, ...ran.map(({ record }) => record)].filter(
    (record) => record.known && record.failure?.class === 'build',
  );
  return exitCodeOf({
    failedBuilds: inputs.buildFailures - known.length,
    runs: counted.map(({ record, misfit }) => ({
      status: record.status,
      misfit,
      known: record.known === true,
    })),
  });
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
