/** The steps of one execution, from its plan to its results. */
import type { RunFailure } from '../record/record-schema.ts';
import { readConfigFile } from './config-file.ts';
import type { RunData } from './data/data-use.ts';
import { withEnvironment } from './environment/with-environment.ts';
import { type Executed, executeProgram } from './execute-program.ts';
import { withGpus } from './gpu/with-gpus.ts';
import { followingOf, type OneRun } from './one-run.ts';
import { planFor } from './plan-for-run.ts';
import type { JobPlan } from './plan-job.ts';
import { commandsOf } from './provenance.ts';
import { pullImage } from './pull-image.ts';
import { putAway } from './result/put-away.ts';
import { type ResultRules, resultRulesOf } from './result/result-rules.ts';
import { hostPaths, prepareRunFolder } from './run-folder.ts';
import type { RunServices, Verdict } from './run-services.ts';
import { writeStarted } from './started-program.ts';

/** Throws for what a step can't put into words of its own. */
export async function runSteps(one: OneRun): Promise<Verdict> {
  const { job, runFolder, services, progress } = one;
  if (services.adopted) {
    const { goOn } = await import('./go-on.ts');
    return goOn(one, services.adopted);
  }
  const rules = await resultRulesOf(job.card, services.scrubber);
  // Before its data comes: what is wrong with a card shows at once.
  const bare = await planFor(one);
  const brought = await dataOf(one);
  if (brought && 'failure' in brought) return failed(brought.failure);
  const data = brought?.data;
  const plan = data ? await planFor(one, { data }) : bare;
  progress.gpus = plan.gpus;
  if (plan.launch.record) progress.launch = plan.launch.record;
  const { packageDir, hidden } = services;
  const configs = await readConfigFile(job.card.args, packageDir, plan.scriptsDir, hidden);
  if (configs !== undefined) progress.configs = configs;
  const image = await folderAndImage(plan, one);
  if ('failure' in image) return failed(image.failure);
  const { reference } = image;
  const replan = (leased: readonly number[]): Promise<JobPlan> => planFor(one, { data, leased });
  return withGpus({ job, plan, image: reference, replan, services, progress }, (placed) =>
    withEnvironment({ job, plan: placed, runFolder, services, progress }, (noting, seen) =>
      runProgram({ plan: noting, image: reference, rules, seen, onData: brought?.note }, one),
    ),
  );
}

const failed = (failure: RunFailure): Verdict => ({ status: 'FAILURE', failure, reason: null });

/** Nothing of it is loaded for a card without data. */
async function dataOf(
  one: OneRun,
): Promise<{ failure: RunFailure } | { data: RunData; note(executed: Executed): Promise<void> } | undefined> {
  if (one.job.card.data.trim() === '') return undefined;
  const { dataForRun, noteCustomData } = await import('./data/use-data.ts');
  const found = await dataForRun(one);
  if ('failure' in found) return found;
  return { ...found, note: (executed) => noteCustomData(found.data, executed, one) };
}

async function folderAndImage(
  plan: JobPlan,
  one: OneRun,
): Promise<{ reference: string } | { failure: RunFailure }> {
  const [folderMade, pulled] = await Promise.allSettled([
    makeRunFolder(plan, one),
    pullImage(one.job, one.services, one.progress),
  ]);
  // Now, when both are over: nothing of a run may go on behind its record.
  const failure = settledValue(folderMade);
  const image = settledValue(pulled);
  return failure ? { failure } : image;
}

function settledValue<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

async function makeRunFolder(
  plan: JobPlan,
  { run, runFolder, services, progress }: OneRun,
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

interface ReadyRun {
  plan: JobPlan;
  /** How the engine knows the image. */
  image: string;
  rules: ResultRules | undefined;
  /** Takes what was noted of the run's environment. */
  seen(executed: Executed): Promise<void>;
  /** Notes what the run brought of its data itself. */
  onData: ((executed: Executed) => Promise<void>) | undefined;
}

async function runProgram({ plan, image, rules, seen, onData }: ReadyRun, one: OneRun): Promise<Verdict> {
  const { job, runFolder, services, progress } = one;
  const startedAt = services.clock.now();
  progress.commands = commandsOf(services.engine, plan, image);
  const executed = await executeProgram({
    ...followingOf(one, rules),
    plan,
    image,
    keepAlive: services.settings.keepAlive,
    intend: () => noteIntent(plan, image, startedAt, one),
  });
  await onData?.(executed);
  return putAway({ job, plan, rules, executed, startedAt, runFolder, services, seen }, progress);
}

/** On disk before the container is there, so that whoever comes after a death knows of it. */
async function noteIntent(plan: JobPlan, image: string, startedAt: Date, one: OneRun): Promise<void> {
  const { run, runFolder, services, progress } = one;
  const scrub = <T>(data: T): T => services.scrubber.scrubData(data);
  const started = { plan, image, started_at: startedAt.toISOString(), progress };
  await Promise.all([
    intendContainer(run, plan.container.name, services),
    mayOutliveUs(services) && writeStarted(runFolder, started, scrub),
  ]);
}

/** A sample alone is no run, and what was kept on purpose stays as it is. */
const mayOutliveUs = ({ sample, settings }: RunServices): boolean =>
  sample === undefined && !settings.keepAlive;

async function intendContainer(run: string, name: string, services: RunServices): Promise<void> {
  const { journal } = services.campaign;
  await journal.append({ act: 'container.create', run, name, engine: services.engine.kind });
  if (services.settings.keepAlive) await journal.append({ act: 'container.keep', run, name });
}
