import { shortId } from '../foundation/id.ts';
import type { RunData } from './data/data-use.ts';
import type { Slot } from './gpu/slot.ts';
import type { Job } from './job.ts';
import type { OneRun } from './one-run.ts';
import { planForJob } from './plan-for-job.ts';
import type { JobPlan } from './plan-job.ts';
import type { RunServices } from './run-services.ts';

/** What is known by now. */
interface Known {
  data?: RunData | undefined;
  /** GPUs; without a slot that has some, the plan chooses. */
  leased?: readonly number[] | undefined;
}

/** The plan of a job that is about to run. */
export function planFor(
  { job, run, runFolder, services }: OneRun,
  { data, leased = gpusOf(services.slot) }: Known = {},
): Promise<JobPlan> {
  const { slot } = services;
  return planForJob(job, {
    data,
    ...(leased ? { leased } : {}),
    ...(slot?.cpus === undefined ? {} : { cpus: slot.cpus }),
    setAside: services.devices.setAside,
    ...(services.plugins ? { launchers: services.plugins.launchers } : {}),
    context: services.context,
    settings: services.settings,
    engine: services.engine.kind,
    gpus: services.gpus,
    ...(services.tools ? { tools: services.tools } : {}),
    packageDir: services.packageDir,
    hidden: services.hidden,
    runFolder,
    containerName: containerNameOf(job, run, services.sample),
    labels: labelsOf(services, run),
    credentials: services.credentials,
    envSecrets: services.envSecrets,
    scrubber: services.scrubber,
    buildNumber: services.buildNumber,
    giveBackTo: services.giveBackTo,
    env: services.devices.env,
  });
}

/** undefined lets the plan choose, and say why it can't. */
const gpusOf = (slot: Slot | undefined): readonly number[] | undefined =>
  slot && slot.gpus.length > 0 ? slot.gpus : undefined;

/** The reference's name, and the run's id behind it: two runs of one package don't get in each other's way. */
function containerNameOf(job: Job, runId: string, sample: number | undefined): string {
  const plain = job.imageName.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 180);
  return `container_${plain}_${shortId(runId)}${sample === undefined ? '' : `_${sample}`}`;
}

function labelsOf(
  services: Pick<RunServices, 'campaign' | 'host' | 'resultsRoot' | 'settings'>,
  run: string,
): Record<string, string> {
  return {
    'madengine.campaign': services.campaign.id,
    'madengine.run': run,
    'madengine.host': services.host,
    'madengine.results_root': services.resultsRoot,
    ...(services.settings.keepAlive ? { 'madengine.keep': 'true' } : {}),
  };
}
