/** What would be done, as data, with the exact command lines; names that are known only later stand as `${name}`. */

import type { Context } from '../context/context.ts';
import { buildSpec } from '../image/build.ts';
import { registryImage } from '../image/reference.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import type { Engine } from '../machine/engine/engine.ts';
import { cardLabel } from '../package/card.ts';
import type { Job } from '../run/job.ts';
import { planForJob } from '../run/plan-for-job.ts';
import { hiddenIn } from '../run/run-folder.ts';
import { skipOf } from '../run/skip-reason.ts';
import { renderProgram } from '../stage/program.ts';
import type { BuildInputs, BuildPlan } from './build-phase.ts';
import type { RunOptions } from './options.ts';
import type { Access } from './prepare.ts';

export interface PlannedCommand {
  title: string;
  argv: string[];
}

export interface PlannedJob {
  job: string;
  image: string;
  /** Why it would be left out; then there are no commands. */
  skip?: string;
  timeout_s?: number | null;
  gpus?: readonly number[];
  stages?: { name: string; title: string }[];
  /** The POSIX sh program that the container runs. */
  program?: string;
}

export interface CampaignPlan {
  schema: 'madengine.plan/1';
  context: Record<string, unknown>;
  /** Where each value of the context came from. */
  origins: Record<string, string>;
  images: { image: string; dockerfile: string; models: string[]; warnings: string[] }[];
  jobs: PlannedJob[];
  problems: string[];
  commands: PlannedCommand[];
}

/** Images that would be built and pushed. */
export async function planOfBuild(inputs: BuildInputs, plan: BuildPlan): Promise<CampaignPlan> {
  const { engine, options, access, context } = inputs;
  const capabilities = await engine.capabilities();
  const commands: PlannedCommand[] = [];
  for (const task of plan.tasks) {
    const spec = buildSpec(task.plan, '${secrets}', { 'madengine.campaign': '${campaign}' });
    commands.push({ title: `build ${task.image}`, argv: engine.describe.build(spec, capabilities) });
    if (options.registry === undefined) continue;
    const target = registryImage(options.registry, access.credentials, task.image);
    commands.push({ title: `push ${task.image}`, argv: engine.describe.push(target) });
  }
  return {
    ...emptyPlan(context),
    images: plan.tasks.map((task) => ({
      image: task.image,
      dockerfile: task.dockerfile.path,
      models: task.cards.map(cardLabel),
      warnings: task.plan.warnings.map((warning) => warning.message),
    })),
    problems: plan.failed.map(({ model, error }) => `${model}: ${error}`),
    commands,
  };
}

export interface RunPlanInputs {
  options: RunOptions;
  access: Access;
  context: Context;
  engine: Engine;
  gpus: GpuFacts;
  jobs: readonly Job[];
  packageDir: string;
  giveBackTo: { uid: number; gid: number } | undefined;
  buildNumber: string;
  host: string;
}

/** Jobs that would be run. */
export async function planOfRun(inputs: RunPlanInputs): Promise<CampaignPlan> {
  const plan = emptyPlan(inputs.context);
  for (const job of inputs.jobs) {
    const skip = skipOf(job, inputs.context, inputs.gpus, inputs.options);
    if (skip) {
      plan.jobs.push({ job: job.key, image: job.imageName, skip: skip.reason });
      continue;
    }
    try {
      await addJob(plan, job, inputs);
    } catch (error) {
      plan.problems.push(`${job.key}: ${(error as Error).message}`);
    }
  }
  return plan;
}

async function addJob(plan: CampaignPlan, job: Job, inputs: RunPlanInputs): Promise<void> {
  const { engine, options, access, context } = inputs;
  const planned = await planForJob(job, {
    context,
    settings: options,
    engine: engine.kind,
    gpus: inputs.gpus,
    packageDir: inputs.packageDir,
    hidden: await hiddenIn(inputs.packageDir, inputs.packageDir),
    runFolder: '${run_folder}',
    containerName: '${container}',
    labels: {
      'madengine.campaign': '${campaign}',
      'madengine.run': '${run}',
      'madengine.host': inputs.host,
      'madengine.results_root': '${results_root}',
    },
    credentials: access.credentials,
    envSecrets: access.envSecrets,
    buildNumber: inputs.buildNumber,
    giveBackTo: inputs.giveBackTo,
  });
  const { image } = job;
  const reference = image.registry_image ?? image.docker_image;
  plan.jobs.push({
    job: job.key,
    image: reference,
    timeout_s: planned.timeoutS,
    gpus: planned.gpus,
    stages: planned.program.stages.map(({ name, title }) => ({ name, title })),
    program: renderProgram(planned.program),
  });
  if (image.registry_image)
    plan.commands.push({ title: `pull ${reference}`, argv: engine.describe.pull(reference) });
  plan.commands.push(
    { title: `start ${job.key}`, argv: engine.describe.create({ ...planned.container, image: reference }) },
    { title: `run ${job.key}`, argv: engine.describe.exec('${container}', planned.exec) },
    { title: `remove ${job.key}`, argv: engine.describe.remove('${container}') },
  );
}

export function joinPlans(first: CampaignPlan, second: CampaignPlan): CampaignPlan {
  return {
    ...first,
    jobs: [...first.jobs, ...second.jobs],
    problems: [...first.problems, ...second.problems],
    commands: [...first.commands, ...second.commands],
  };
}

function emptyPlan(context: Context): CampaignPlan {
  return {
    schema: 'madengine.plan/1',
    context: { ...context.values },
    origins: { ...context.origins },
    images: [],
    jobs: [],
    problems: [],
    commands: [],
  };
}
