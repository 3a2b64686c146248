/** The files' side of a plan: finds the script and names the secrets; `planJob` itself knows nothing of files. */
import { open } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { Secret } from '../foundation/secret.ts';
import type { Credentials } from '../package/credential-file.ts';
import { chooseGpus, type SetAside } from './gpu/choose-gpus.ts';
import { requireCpus } from './gpu/online-cpus.ts';
import type { Job } from './job.ts';
import type { LaunchOptions } from './launch/launch-plan.ts';
import { planLaunch } from './launch/plan-launch.ts';
import { type JobPlan, type PlanJobOptions, planJob } from './plan-job.ts';
import { locateScript, pathsSeen } from './run-folder.ts';
import { secretVariables } from './secret-environment.ts';

export type PlanForJobOptions = Omit<PlanJobOptions, 'job' | 'script' | 'secretEnv' | 'launch' | 'chosen'> & {
  /** Indices of the GPUs that the job has got; without it, those that it gets when all are free. */
  leased?: readonly number[];
  /** The package is not unpacked yet: its files are taken to be there. */
  isPackageToCome?: boolean;
  /** GPUs that no job gets any more. */
  setAside?: SetAside;
  /** The process's environment. */
  env: Readonly<Record<string, string | undefined>>;
  /** Of plugins. */
  launchers?: LaunchOptions['launchers'];
  credentials: Credentials;
  envSecrets: readonly Secret[];
};

/** Throws DEVICE_UNAVAILABLE when the job asks for GPUs that aren't here, and as `planLaunch` and `planJob` do. */
export async function planForJob(job: Job, options: PlanForJobOptions): Promise<JobPlan> {
  const { credentials, envSecrets, env, leased, setAside, launchers, isPackageToCome, ...rest } = options;
  const [script] = await Promise.all([
    isPackageToCome ? likelyScript(job.card.scripts) : scriptIn(options.packageDir, job.card.scripts),
    requireCpus(options.context),
  ]);
  const { card } = job;
  const chosen = leased ?? chooseGpus(card, options.context, options.gpus, setAside);
  const { control } = pathsSeen(options.engine, options.runFolder, options.packageDir);
  const launch = await planLaunch({
    card,
    context: options.context,
    env,
    gpus: chosen.length,
    filesFolder: control,
    ...(launchers ? { launchers } : {}),
  });
  return planJob({
    ...rest,
    job,
    chosen,
    launch,
    script,
    secretEnv: secretVariables(card.cred, credentials, envSecrets),
  });
}

async function scriptIn(packageDir: string, scripts: string): Promise<PlanJobOptions['script']> {
  const script = await locateScript(packageDir, scripts);
  return { ...script, firstLine: await firstLine(join(packageDir, script.dir, script.file)) };
}

const likelyScript = (scripts: string): PlanJobOptions['script'] =>
  extname(scripts) === ''
    ? { dir: scripts, file: 'run.sh', firstLine: '' }
    : { dir: dirname(scripts), file: basename(scripts), firstLine: '' };

async function firstLine(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    return buffer.toString('latin1', 0, bytesRead).split('\n', 1)[0] ?? '';
  } finally {
    await handle.close();
  }
}
