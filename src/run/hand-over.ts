/** The files of a run become those of whoever started it, where its program could not see to that itself. */
import type { Clock } from '../foundation/clock.ts';
import type { Emit } from '../foundation/event.ts';
import type { Engine } from '../machine/engine/engine.ts';
import { giveBack, takeBackIn } from './give-back.ts';
import type { JobPlan } from './plan-job.ts';

export interface HandOverOptions {
  plan: JobPlan;
  /** Reference of the image. */
  image: string;
  engine: Engine;
  runFolder: string;
  keepAlive: boolean;
  /** Owner of what a killed program leaves behind; undefined where that is us already. */
  giveBackTo: { uid: number; gid: number } | undefined;
  clock: Clock;
  emit: Emit;
}

/** An engine that takes longer hangs. */
const takeOverWithinMs = 10_000;

/** What another user than root made is that user's, and only root can change that: while the container is there, in it. */
export async function takeOver(container: string, options: HandOverOptions, isThere: boolean): Promise<void> {
  const { engine, plan, giveBackTo, keepAlive, clock } = options;
  const { closeLog } = await import('./other-user.ts');
  await closeLog(options.runFolder);
  // Who runs as root can read it all, and a container that is kept goes on being used by its user.
  if (!isThere || (keepAlive && !giveBackTo)) return;
  const over = new AbortController();
  const late = clock.sleep(takeOverWithinMs, over.signal).then(
    () => false,
    () => false,
  );
  const to = giveBackTo ?? { uid: 0, gid: 0 };
  const taken = takeBackIn(engine, container, to, plan.passingData).catch(() => false);
  const isTaken = await Promise.race([taken, late]);
  over.abort();
  if (!isTaken) await handOver(options);
}

/** Had the program ended by itself, its last stage would have given the files back. */
export async function handOver(options: HandOverOptions): Promise<void> {
  const { engine, plan, image, giveBackTo } = options;
  if (!giveBackTo) return;
  await giveBack({
    engine,
    spec: { ...plan.container, image },
    to: giveBackTo,
    also: plan.passingData,
  }).catch((error: Error) => {
    const message = `files of ${plan.job.card.name} still belong to root: ${error.message}`;
    options.emit({ type: 'notice', level: 'warning', code: 'NOT_GIVEN_BACK', message });
  });
}
