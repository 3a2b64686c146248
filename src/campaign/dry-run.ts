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
  const { engine, options, access, context } = inputs;
  const { around, hidden, isPackageToCome, resultsRoot } = place;
  const { env, plugins } = around;
  const data = await dataOf(job, inputs, place);
  const planned = await planForJob(job, {
    context,
    settings: options,
    engine: engine.kind,
    gpus: inputs.gpus,
    ...(inputs.tools ? { tools: inputs.tools } : {}),
    packageDir: inputs.packageDir,
    isPackageToCome,
    hidden,
    data: data?.planned,
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
  const { image } = job;
  const named = image.registry_image ?? image.docker_image;
  plan.jobs.push({
    job: job.key,
    image: named,
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
  if (job.card.url !== '') {
    const [{ parseCloneUrl }, { cloneCommands }] = await Promise.all([
      import('../run/clone/clone-address.ts'),
      import('../run/clone/clone-repository.ts'),
    ]);
    const folder = join(hostPaths('${run_folder}', '').workspace, planned.modelDir);
    for (const argv of cloneCommands(parseCloneUrl(job.card.url), folder))
      plan.commands.push({ title: `clone ${job.key}`, argv });
  }
  const { registry_image: remote, registry_digest: digest } = image;
  const reference = remote && digest ? withDigest(remote, digest) : image.image_id || named;
  if (remote)
    plan.commands.push({
      title: `pull ${named}`,
      argv: engine.describe.pull(digest ? reference : remote),
    });
  plan.commands.push(
    { title: `start ${job.key}`, argv: engine.describe.create({ ...planned.container, image: reference }) },
    { title: `run ${job.key}`, argv: engine.describe.exec('${container}', planned.exec) },
    { title: `remove ${job.key}`, argv: engine.describe.remove('${container}') },
  );
}
