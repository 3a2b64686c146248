import { markKnown } from '../record/known-failure.ts';
import { errorPatterns } from '../record/output/error-pattern.ts';
import type { RecordDraft } from '../record/record-draft.ts';
import type { RunFailure, RunRecord } from '../record/record-schema.ts';
import { readConfigFile } from './config-file.ts';
import type { RunData } from './data/data-use.ts';
import { emptyOutcome } from './draft-record.ts';
import { withEnvironment } from './environment/with-environment.ts';
import { type Executed, executeProgram } from './execute-program.ts';
import { finish } from './finish-job.ts';
import { withGpus } from './gpu/with-gpus.ts';
import type { Job } from './job.ts';
import { planFor } from './plan-for-run.ts';
import type { JobPlan } from './plan-job.ts';
import { commandsOf } from './provenance.ts';
import { pullImage } from './pull-image.ts';
import type { Execute, Execution } from './repeat.ts';
import { cleanFolders, putAway } from './result/put-away.ts';
import { resultRulesOf } from './result/result-rules.ts';
import { endedByDeadline, failureOf } from './run-failure.ts';
import { hostPaths, prepareRunFolder } from './run-folder.ts';
import { type Progress, type RunServices, roundedSeconds, unkillable, type Verdict } from './run-services.ts';
import { isRepeated } from './sampling.ts';
import type { Skip } from './skip-reason.ts';
import { removeStarted, writeStarted } from './started-program.ts';

export interface RunPlace {
  /** Of `beginRun`. */
  begun: RecordDraft;
  skip: Skip | undefined;
  /** Counts from 1. */
  position: number;
  total: number;
  /** Asked before the record is written: whether another attempt at the job has begun. */
  again(record: RunRecord): Promise<boolean>;
}

/** Never throws for what goes wrong with the job: that is in the record, which is final and on disk when this returns. */
export async function runJob(job: Job, services: RunServices, place: RunPlace): Promise<RunRecord> {
  const { clock } = services;
  const draft = services.adopted ? place.begun : { ...place.begun, started_at: clock.now().toISOString() };
  const emit = services.emit.within({ run: draft.run, attempt: draft.attempt });
  emit({
    type: 'run.started',
    model: job.card.name,
    image: job.imageName,
    position: place.position,
    total: place.total,
    ...(services.slot?.neighbours ? { concurrent: true } : {}),
  });

  const started = clock.monotonic();
  const record: RunRecord = place.skip
    ? { ...draft, ...emptyOutcome(clock.now()), status: 'SKIPPED', reason: place.skip.reason }
    : await attempt(job, draft, { ...services, emit });
  record.engine = { kind: services.engine.kind, version: await services.engineVersion() };
  record.ended_at = clock.now().toISOString();
  record.durations.total_s = services.adopted
    ? roundedSeconds((clock.now().getTime() - Date.parse(draft.started_at)) / 1000)
    : roundedSeconds(clock.monotonic() - started);
  markKnown(record, services.knownFailures);
  if (await place.again(record)) record.retried = true;
  return finish(record, services, emit);
}

async function attempt(job: Job, draft: RecordDraft, services: RunServices): Promise<RunRecord> {
  const runFolder = await services.campaign.runFolder(draft.run);
  const execute: Execute = (folder, own) => executeOnce(job, draft, folder, own);
  const executed = isRepeated(services.settings)
    ? await (await import('./repeat.ts')).repeated(runFolder, services, execute)
    : await execute(runFolder, services);
  const { progress, verdict, ...several } = executed;
  const { gpus, ...parts } = progress;
  const { cpus, neighbours } = services.slot ?? {};
  return {
    ...draft,
    ...emptyOutcome(services.clock.now()),
    ...parts,
    ...several,
    ...verdict,
    placement: {
      host: services.host,
      target: draft.placement?.target ?? 'local',
      gpus: [...gpus],
      ...(cpus ? { cpus } : {}),
    },
    ...(neighbours ? { neighbours: [...neighbours] } : {}),
  };
}

async function executeOnce(
  job: Job,
  draft: RecordDraft,
  runFolder: string,
  services: RunServices,
): Promise<Execution> {
  const progress: Progress = {
    durations: { total_s: 0, pull_s: null, stages_s: null },
    image: { ...draft.image },
    stages: [],
    metrics: [],
    artifacts: [],
    output: null,
    exit_code: null,
    git_commit: null,
    data: null,
    gpus: [],
    warnings: [],
  };
  let verdict: Verdict;
  try {
    verdict = await steps(job, draft, runFolder, services, progress);
  } catch (thrown) {
    verdict = {
      status: 'FAILURE',
      failure: failureOf(thrown, services.signal, services.resultsRoot),
      reason: null,
    };
  }
  await removeStarted(runFolder);
  await cleanFolders(runFolder, services, !progress.warnings.some((words) => words.startsWith(unkillable)));
  return { verdict: endedByDeadline(verdict, services.signal), progress };
}

async function steps(
  job: Job,
  draft: RecordDraft,
  runFolder: string,
  services: RunServices,
  progress: Progress,
): Promise<Verdict> {
  const { engine, clock, settings, adopted } = services;
  const onUnkillable = (words: string): void => tellUnkillable(words, services, progress);
  if (adopted) {
    const { goOn } = await import('./go-on.ts');
    return goOn({ job, run: draft.run, runFolder, services, started: adopted, onUnkillable }, progress);
  }
  const rules = await resultRulesOf(job.card, services.scrubber);
  let plan = await planFor(job, draft.run, runFolder, services);
  const data = await dataOf(job, draft.run, runFolder, services, progress);
  if (data && 'failure' in data) return { status: 'FAILURE', failure: data.failure, reason: null };
  if (data) plan = await planFor(job, draft.run, runFolder, services, data);
  progress.gpus = plan.gpus;
  if (plan.launch.record) progress.launch = plan.launch.record;
  const { packageDir, hidden } = services;
  const configs = await readConfigFile(job.card.args, packageDir, plan.scriptsDir, hidden);
  if (configs !== undefined) progress.configs = configs;
  const [folderMade, pulled] = await Promise.allSettled([
    makeRunFolder(draft.run, plan, runFolder, services, progress),
    pullImage(job, services, progress),
  ]);
  // Now, when both are over: nothing of a run may go on behind its record.
  const folderFailure = settledValue(folderMade);
  const image = settledValue(pulled);
  if (folderFailure) return { status: 'FAILURE', failure: folderFailure, reason: null };
  if ('failure' in image) return { status: 'FAILURE', failure: image.failure, reason: null };
  const replan = (gpus: readonly number[]): Promise<JobPlan> =>
    planFor(job, draft.run, runFolder, services, data, gpus);
  return withGpus({ job, plan, image: image.reference, replan, services, progress }, (placed) =>
    withEnvironment({ job, plan: placed, runFolder, services, progress }, async (plan, seen) => {
      const startedAt = clock.now();
      progress.commands = commandsOf(engine, plan, image.reference);
      const executed = await executeProgram({
        // For the record; asked while the container goes, so that it neither delays nor disturbs the model.
        onOver: () => void services.engineVersion(),
        plan,
        image: image.reference,
        engine,
        runFolder,
        errors: errorPatterns(job.card, services.context.values),
        ...(rules ? { alsoScan: rules.scan } : {}),
        scrubber: services.scrubber,
        liveOutput: settings.liveOutput,
        keepAlive: settings.keepAlive,
        giveBackTo: services.giveBackTo,
        intend: async () => {
          const scrub = <T>(data: T): T => services.scrubber.scrubData(data);
          const started = { plan, image: image.reference, started_at: startedAt.toISOString(), progress };
          await Promise.all([
            intendContainer(draft.run, plan.container.name, services),
            mayOutliveUs(services) && writeStarted(runFolder, started, scrub),
          ]);
        },
        onUnkillable,
        emit: services.emit,
        clock,
        signal: services.signal,
        prefetch: services.prefetch,
      });
      await data?.note(executed);
      const put = { job, plan, rules, executed, startedAt, runFolder, services, seen };
      return putAway(put, progress);
    }),
  );
}

function settledValue<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

/** Nothing of it is loaded for a card without data. */
async function dataOf(
  job: Job,
  run: string,
  runFolder: string,
  services: RunServices,
  progress: Progress,
): Promise<{ failure: RunFailure } | (RunDataOf & { note(executed: Executed): Promise<void> }) | undefined> {
  if (job.card.data.trim() === '') return undefined;
  const { dataForRun, noteCustomData } = await import('./data/use-data.ts');
  const found = await dataForRun(job, run, runFolder, services, progress);
  if ('failure' in found) return found;
  return { ...found, note: (executed) => noteCustomData(found.data, executed, runFolder, progress) };
}

interface RunDataOf {
  data: RunData;
}

async function makeRunFolder(
  run: string,
  plan: JobPlan,
  runFolder: string,
  services: RunServices,
  progress: Progress,
): Promise<RunFailure | undefined> {
  const { campaign, settings, packageDir } = services;
  const { workspace, control } = hostPaths(runFolder, packageDir);
  const passing = settings.keepAlive || settings.keepModelDir ? [] : [workspace, control];
  await Promise.all(passing.map((path) => campaign.journal.append({ act: 'work.dir', run, path })));
  if (plan.job.card.url !== '') {
    const { cloneForRun } = await import('./clone/clone-for-run.ts');
    const failure = await cloneForRun(plan, workspace, services, progress);
    if (failure) return failure;
  }
  await prepareRunFolder({
    runFolder,
    packageDir,
    scriptsDir: plan.scriptsDir,
    modelDir: plan.modelDir,
    packageAsSeen: plan.paths.package,
    resultFile: plan.job.card.multiple_results,
  });
  if (usesCommonScripts(plan)) {
    const { makeReadyForTools } = await import('./shipped-scripts.ts');
    await makeReadyForTools(workspace, plan.tools?.files);
  }
  return undefined;
}

/** Tools have scripts of ours; those of `scripts/common` may be named by themselves, too. */
const usesCommonScripts = ({ tools, program }: JobPlan): boolean =>
  tools !== undefined || program.stages.some(({ title }) => title.startsWith('scripts/common/'));

function tellUnkillable(words: string, { emit }: RunServices, progress: Progress): void {
  progress.warnings.push(`${unkillable}: ${words}`);
  const hint = 'The next start with the same --output tries again.';
  emit({ type: 'notice', level: 'warning', code: 'CONTAINER_LEFT', message: words, hint });
}

/** A sample alone is no run, and what was kept on purpose stays as it is. */
const mayOutliveUs = ({ sample, settings }: RunServices): boolean =>
  sample === undefined && !settings.keepAlive;

async function intendContainer(run: string, name: string, services: RunServices): Promise<void> {
  const { journal } = services.campaign;
  await journal.append({ act: 'container.create', run, name, engine: services.engine.kind });
  if (services.settings.keepAlive) await journal.append({ act: 'container.keep', run, name });
}
