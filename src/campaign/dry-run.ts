/** The part of a dry run that runs models; builds ask for no GPU and know nothing of it. */

import { join, resolve } from 'node:path';
import type { Context } from '../context/context.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import type { Engine } from '../machine/engine/engine.ts';
import { keyFiles } from '../package/credential-file.ts';
import type { PluginSet } from '../plugin/plugin-set.ts';
import type { RunData } from '../run/data/data-use.ts';
import type { Job } from '../run/job.ts';
import { planForJob } from '../run/plan-for-job.ts';
import { type HiddenEntry, hiddenIn, hostPaths } from '../run/run-folder.ts';
import { skipOf } from '../run/skip-reason.ts';
import { renderProgram, shellText } from '../stage/program.ts';
import type { ToolChain } from '../stage/tool-chain.ts';
import { type CampaignPlan, emptyPlan, type PlannedData } from './build/planned-build.ts';
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
  packageDir: string;
  giveBackTo: { uid: number; gid: number } | undefined;
  buildNumber: string;
  host: string;
  env: Surroundings['env'];
  plugins?: PluginSet | undefined;
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

async function dataOf(
  job: Job,
  inputs: RunPlanInputs,
  hidden: readonly HiddenEntry[],
): Promise<{ planned: RunData; shown: PlannedData[] } | undefined> {
  if (job.card.data.trim() === '') return undefined;
  const { dataInPlan } = await import('../run/data/data-in-plan.ts');
  const { options, packageDir, context, engine, giveBackTo } = inputs;
  return dataInPlan(job.card.data, {
    config: options.dataConfig && resolve(packageDir, options.dataConfig),
    mirror: options.forceMirrorLocal && resolve(packageDir, options.forceMirrorLocal),
    contextData: context.values.data,
    providers: [...(inputs.plugins?.providers.keys() ?? [])],
    places: { engine: engine.kind, runFolder: '${run_folder}', packageDir, hidden, giveBackTo },
  });
}

async function addJob(plan: CampaignPlan, job: Job, inputs: RunPlanInputs): Promise<void> {
  const { engine, options, access, context } = inputs;
  const hidden = await hiddenIn(
    inputs.packageDir,
    inputs.packageDir,
    keyFiles(access.credentials, inputs.packageDir),
  );
  const data = await dataOf(job, inputs, hidden);
  const planned = await planForJob(job, {
    context,
    settings: options,
    engine: engine.kind,
    gpus: inputs.gpus,
    ...(inputs.tools ? { tools: inputs.tools } : {}),
    packageDir: inputs.packageDir,
    hidden,
    data: data?.planned,
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
    scrubber: access.scrubber,
    buildNumber: inputs.buildNumber,
    giveBackTo: inputs.giveBackTo,
    env: inputs.env,
    ...(inputs.plugins ? { launchers: inputs.plugins.launchers } : {}),
  });
  const { image } = job;
  const reference = image.registry_image ?? image.docker_image;
  plan.jobs.push({
    job: job.key,
    image: reference,
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
  if (image.registry_image)
    plan.commands.push({ title: `pull ${reference}`, argv: engine.describe.pull(reference) });
  plan.commands.push(
    { title: `start ${job.key}`, argv: engine.describe.create({ ...planned.container, image: reference }) },
    { title: `run ${job.key}`, argv: engine.describe.exec('${container}', planned.exec) },
    { title: `remove ${job.key}`, argv: engine.describe.remove('${container}') },
  );
}
