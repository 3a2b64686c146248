/** A run whose container outlived the controller that started it: followed to its end, and its results put away. */
import { lstat, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { controlFiles } from '../stage/stage.ts';
import { withEnvironment } from './environment/with-environment.ts';
import { executeProgram } from './execute-program.ts';
import { withGpus } from './gpu/with-gpus.ts';
import { timeoutOf } from './job.ts';
import { followingOf, type OneRun } from './one-run.ts';
import { limitOf } from './plan-job.ts';
import { logIn, putAway } from './result/put-away.ts';
import { resultRulesOf } from './result/result-rules.ts';
import { hostPaths } from './run-folder.ts';
import type { Verdict } from './run-services.ts';
import type { StartedProgram } from './started-program.ts';

/** Where a process was putting results away when it died, the output is the run's log already. */
async function layBackOutput(runFolder: string): Promise<void> {
  const output = join(hostPaths(runFolder, '').control, controlFiles.output);
  const isThere = await lstat(output).then(
    () => true,
    () => false,
  );
  if (!isThere) await rename(logIn(runFolder), output).catch(() => {});
}

export async function goOn(one: OneRun, started: StartedProgram): Promise<Verdict> {
  const { job, run, runFolder, services, progress } = one;
  const { engine, settings, emit } = services;
  const message = started.isOver
    ? `${job.card.name}: it ended while nobody watched it, and its results are taken up`
    : `${job.card.name}: it outlived the program that started it, and is gone on with`;
  emit({ type: 'notice', level: 'info', code: 'RUN_ADOPTED', message });
  Object.assign(progress, started.progress, { adopted: true });
  await layBackOutput(runFolder);
  const rules = await resultRulesOf(job.card, services.scrubber);
  const startedAt = new Date(started.started_at);
  const { image, isOver } = started;
  const timeoutS = timeoutOf(job.card, settings, limitOf(services.context));
  const plan = { ...started.plan, timeoutS };
  const own = { job, plan, services, progress, isRunning: true };
  let isFollowed = false;
  try {
    return await withGpus({ ...own, image, replan: async () => plan }, () =>
      withEnvironment({ ...own, runFolder }, async (_, seen) => {
        isFollowed = true;
        // Whatever is free now: these are the ones that it has.
        progress.gpus = plan.gpus;
        const executed = await executeProgram({
          ...followingOf(one, rules),
          plan,
          image,
          keepAlive: false,
          adopted: { run, startedAt, isOver },
          intend: async () => {},
        });
        return putAway({ job, plan, rules, executed, startedAt, runFolder, services, seen }, progress);
      }),
    );
  } finally {
    // It got no GPUs, say, before a signal came.
    if (!isFollowed) await engine.remove(plan.container.name);
  }
}
