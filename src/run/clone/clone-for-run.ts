import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunFailure } from '../../record/record-schema.ts';
import type { JobPlan } from '../plan-job.ts';
import type { Progress, RunServices } from '../run-services.ts';
import { cloneRepository } from './clone-repository.ts';

/** A job's repository in its workspace, with commit and stage noted; returns why it could not be had. */
export async function cloneForRun(
  plan: JobPlan,
  workspace: string,
  services: RunServices,
  progress: Progress,
): Promise<RunFailure | undefined> {
  const { credentials, packageDir, clock, emit, signal } = services;
  await mkdir(workspace, { recursive: true });
  const { stage, commit, failure } = await cloneRepository({
    card: plan.job.card,
    credentials,
    folder: join(workspace, plan.modelDir),
    packageDir,
    runner: services.devices.runner,
    clock,
    emit,
    signal,
  });
  progress.stages = [stage];
  progress.git_commit = commit;
  return failure;
}
