/** The part of a run that has its environment noted: who does it, and what of it becomes artifacts and named files. */
import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Executed } from '../execute-program.ts';
import type { Job } from '../job.ts';
import type { JobPlan } from '../plan-job.ts';
import { linkOrCopy, linkOrCopyNew } from '../result/final-log.ts';
import { replaceFolder } from '../result/replace-folder.ts';
import { hostPaths } from '../run-folder.ts';
import type { Progress, RunServices } from '../run-services.ts';
import type { EnvironmentCapture } from './environment-captures.ts';
import type { KeptEnvironment } from './keep-environment.ts';

export interface WithEnvironmentOptions {
  job: Job;
  plan: JobPlan;
  runFolder: string;
  services: RunServices;
  progress: Progress;
  /** Its program runs already, and looks or doesn't. */
  isRunning?: boolean;
}

/**
 * Runs `act` with the plan that this job is to have: with the stage that notes the environment where no other job of the
 * campaign did so for its image, without it otherwise. `act` calls `seen` when the program is over.
 */
export async function withEnvironment<T>(
  options: WithEnvironmentOptions,
  act: (plan: JobPlan, seen: (executed: Executed) => Promise<void>) => Promise<T>,
): Promise<T> {
  const { plan, services, progress, runFolder } = options;
  const isPlanned = plan.program.stages.some(({ name }) => name === 'environment');
  if (!isPlanned || !services.captures) return act(plan, async () => {});
  const { control } = hostPaths(runFolder, '');
  const capture = (await services.captures).begin(subjectOf(options), control);
  try {
    const isReady = options.isRunning || (capture.isOwn && (await prepared(capture, progress)));
    return await act(isReady ? plan : withoutCapture(plan), (executed) =>
      collect(capture, executed, options),
    );
  } finally {
    capture.letGo();
  }
}

/** Once per image digest and node; a container without GPUs sees other things than one with them. */
function subjectOf({ plan, services, progress }: WithEnvironmentOptions): string {
  const { id, digest, name } = progress.image;
  const image = services.engine.kind === 'host' ? '' : (id ?? digest ?? name);
  return `${image} ${plan.gpus.length > 0 ? 'with GPUs' : 'without'}`;
}

async function prepared(capture: EnvironmentCapture, progress: Progress): Promise<boolean> {
  try {
    await capture.prepare();
    return true;
  } catch (error) {
    progress.warnings.push(`${unnoted}: ${(error as Error).message}`);
    return false;
  }
}

const unnoted = 'its environment was not noted';

function withoutCapture(plan: JobPlan): JobPlan {
  const stages = plan.program.stages.filter(({ name }) => name !== 'environment');
  return { ...plan, program: { ...plan.program, stages } };
}

async function collect(
  capture: EnvironmentCapture,
  executed: Executed,
  options: WithEnvironmentOptions,
): Promise<void> {
  const { progress } = options;
  const ended = executed.stages.some(({ name, exit_code }) => name === 'environment' && exit_code !== null);
  const { kept, problems } = await capture.collect(ended);
  if (!kept) {
    progress.warnings.push(...problems.map((problem) => `${unnoted}: ${problem}`));
    return;
  }
  progress.warnings.push(...problems.map((problem) => `its environment was not noted whole: ${problem}`));
  progress.environment = { hash: kept.hash, mode: kept.mode, path: kept.path };
  try {
    if (capture.isOwn) progress.artifacts = [...progress.artifacts, ...(await keepArtifacts(kept, options))];
    await nameIt(kept, options);
  } catch (error) {
    progress.warnings.push(`its environment is in ${kept.path} alone: ${(error as Error).message}`);
  }
}

/** `<model>_env`: as the Python tool names folder and table. */
const nameOf = ({ card }: Job): string => `${card.name.replace(/[^A-Za-z0-9_.-]/g, '_')}_env`;

/** Names of the kept files as they stand in `folder`, the table beside it. */
const placesOf = (kept: KeptEnvironment, folder: string): { from: string; to: string }[] =>
  kept.files.map(({ path }) => ({
    from: join(kept.folder, path),
    to: path.endsWith('.csv') ? `${folder}.csv` : join(folder, path),
  }));

async function keepArtifacts(
  kept: KeptEnvironment,
  { job, runFolder }: WithEnvironmentOptions,
): Promise<Progress['artifacts']> {
  const folder = join(runFolder, 'artifacts', nameOf(job));
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  // Whatever a killed process left of it.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  const places = placesOf(kept, folder);
  for (const { from, to } of places) {
    if (dirname(to) === folder) linkOrCopyNew(from, to);
    else await linkOrCopy(from, to);
  }
  return kept.files.map(({ bytes, sha256 }, index) => {
    const to = places[index]?.to ?? '';
    const inFolder = dirname(to) === folder ? join(basename(folder), basename(to)) : basename(to);
    return { path: `artifacts/${inFolder}`, bytes, sha256 };
  });
}

/** The same beside `perf.csv`; an earlier one is replaced whole. */
async function nameIt(kept: KeptEnvironment, { job, services }: WithEnvironmentOptions): Promise<void> {
  const folder = join(services.resultsRoot, nameOf(job));
  await replaceFolder(folder, async (fresh) => {
    await mkdir(fresh);
    for (const { from, to } of placesOf(kept, fresh)) {
      if (dirname(to) === fresh) linkOrCopyNew(from, to);
      else await linkOrCopy(from, `${folder}.csv`);
    }
  });
  services.emit({ type: 'file.written', kind: 'environment', path: `${folder}.csv` });
}
