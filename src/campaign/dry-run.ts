/** The part of a dry run that runs models; builds ask for no GPU and know nothing of it. */

import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { Context } from '../context/context.ts';
import { withDigest } from '../image/reference.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import type { Engine } from '../machine/engine/engine.ts';
import { keyFiles } from '../package/credential-file.ts';
import type { RunData } from '../run/data/data-use.ts';
import type { Job } from '../run/job.ts';
import { planForJob } from '../run/plan-for-job.ts';
import type { JobPlan } from '../run/plan-job.ts';
import { type HiddenEntry, hiddenIn, hostPaths } from '../run/run-folder.ts';
import { skipOf } from '../run/skip-reason.ts';
import { renderProgram, shellText } from '../stage/program.ts';
import type { ToolChain } from '../stage/tool-chain.ts';
import { type CampaignPlan, emptyPlan, type PlannedData } from './build/planned-build.ts';
import { earlierResultsRoot, ownerToGiveBackTo } from './open-campaign.ts';
import type { RunOptions, Surroundings } from './options.ts';
import type { Access } from './prepare.ts';

export interface RunPlanInputs {
  options: RunOptions;
  access: Access;
  context: Context;
  engine: Engine;
  gpus: GpuFacts;
  jobs: readonly Job[];
  tools?: ToolChain;
  /** Where it is, or will be once its snapshot is unpacked. */
  packageDir: string;
}

interface Place {
  resultsRoot: string;
  isPackageToCome: boolean;
  hidden: readonly HiddenEntry[];
  around: Surroundings;
}

/** Jobs that would be run. */
export async function planOfRun(inputs: RunPlanInputs, around: Surroundings): Promise<CampaignPlan> {
  const plan = emptyPlan(inputs.context);
  const { packageDir, access, options } = inputs;
  const resultsRoot = await earlierResultsRoot(options.output, around.cwd);
  const isPackageToCome = !(await stat(packageDir).catch(() => undefined));
  const keys = keyFiles(access.credentials, packageDir);
  const hidden = isPackageToCome ? [] : await hiddenIn(packageDir, resultsRoot, keys);
  const place = { resultsRoot, isPackageToCome, hidden, around };
  for (const job of inputs.jobs) {
    const skip = skipOf(job, inputs.context, inputs.gpus, inputs.options);
    if (skip) {
      plan.jobs.push({ job: job.key, image: job.imageName, skip: skip.reason });
      continue;
    }
    try {
      await addJob(plan, job, inputs, place);
    } catch (error) {
      plan.problems.push(`${job.key}: ${(error as Error).message}`);
    }
  }
  return plan;
}

async function dataOf(
  job: Job,
  inputs: RunPlanInputs,
  { hidden, around }: Place,
): Promise<{ planned: RunData; shown: PlannedData[] } | undefined> {
  if (job.card.data.trim() === '') return undefined;
  const { dataInPlan } = await import('../run/data/data-in-plan.ts');
  const { options, packageDir, context, engine } = inputs;
  const giveBackTo = ownerToGiveBackTo();
  return dataInPlan(job.card.data, {
    config: options.dataConfig && resolve(around.cwd, options.dataConfig),
    mirror: options.forceMirrorLocal && resolve(around.cwd, options.forceMirrorLocal),
    contextData: context.values.data,
    providers: [...(around.plugins?.providers.keys() ?? [])],
    places: { engine: engine.kind, runFolder: '${run_folder}', packageDir, hidden, giveBackTo },
  });
}

async function addJob(plan: CampaignPlan, job: Job, inputs: RunPlanInputs, place: Place): Promise<void> {
  const data = await dataOf(job, inputs, place);
  const planned = await planWithPlaceholders(job, data?.planned, inputs, place);
  plan.jobs.push({
    job: job.key,
    image: nameOf(job),
    timeout_s: planned.timeoutS,
    gpus: planned.gpus,
    ...(data ? { data: data.shown } : {}),
    stages: planned.program.stages.map((stage) => ({
      name: stage.name,
      title: stage.title,
      command: shellText(stage),
    })),
    program: renderProgram(planned.program),
  });
  plan.commands.push(
    ...(await commandsOfClone(job, planned.modelDir)),
    ...commandsOfContainer(job, planned, inputs.engine),
  );
}

/** What only a run has, such as its id, stands in it as `${…}`. */
function planWithPlaceholders(
  job: Job,
  data: RunData | undefined,
  { engine, options, access, context, gpus, tools, packageDir }: RunPlanInputs,
  { around: { env, plugins }, hidden, isPackageToCome, resultsRoot }: Place,
): Promise<JobPlan> {
  return planForJob(job, {
    context,
    settings: options,
    engine: engine.kind,
    gpus,
    ...(tools ? { tools } : {}),
    packageDir,
    isPackageToCome,
    hidden,
    data,
    runFolder: '${run_folder}',
    containerName: '${container}',
    labels: {
      'madengine.campaign': '${campaign}',
      'madengine.run': '${run}',
      'madengine.host': hostname(),
      'madengine.results_root': resultsRoot,
      ...(options.keepAlive ? { 'madengine.keep': 'true' } : {}),
    },
    credentials: access.credentials,
    envSecrets: access.envSecrets,
    scrubber: access.scrubber,
    buildNumber: env.BUILD_NUMBER ?? '0',
    giveBackTo: ownerToGiveBackTo(),
    env,
    ...(plugins ? { launchers: plugins.launchers } : {}),
  });
}

const nameOf = ({ image }: Job): string => image.registry_image ?? image.docker_image;

async function commandsOfClone(job: Job, modelDir: string): Promise<CampaignPlan['commands']> {
  if (job.card.url === '') return [];
  const [{ parseCloneUrl }, { cloneCommands }] = await Promise.all([
    import('../run/clone/clone-address.ts'),
    import('../run/clone/clone-repository.ts'),
  ]);
  const folder = join(hostPaths('${run_folder}', '').workspace, modelDir);
  const commands = cloneCommands(parseCloneUrl(job.card.url), folder);
  return commands.map((argv) => ({ title: `clone ${job.key}`, argv }));
}

function commandsOfContainer(job: Job, planned: JobPlan, { describe }: Engine): CampaignPlan['commands'] {
  const { registry_image: remote, registry_digest: digest, image_id: id } = job.image;
  const image = remote && digest ? withDigest(remote, digest) : id || nameOf(job);
  const pull = remote && describe.pull(digest ? image : remote);
  return [
    ...(pull ? [{ title: `pull ${remote}`, argv: pull }] : []),
    { title: `start ${job.key}`, argv: describe.create({ ...planned.container, image }) },
    { title: `run ${job.key}`, argv: describe.exec('${container}', planned.exec) },
    { title: `remove ${job.key}`, argv: describe.remove('${container}') },
  ];
}
