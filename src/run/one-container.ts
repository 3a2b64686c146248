/** The container of one run: made together with the files of its program, and ended in time. */
import { dirname } from 'node:path';
import type { Clock } from '../foundation/clock.ts';
import { MadError } from '../foundation/error.ts';
import type { Engine } from '../machine/engine/engine.ts';
import { renderProgram } from '../stage/program.ts';
import { controlFiles } from '../stage/stage.ts';
import type { JobPlan } from './plan-job.ts';
import { makeControlFiles } from './run-folder.ts';

/** What is left on the machine must be gone this soon after a limit or a signal. */
const killWithinMs = 10_000;

export interface ContainerOptions {
  plan: JobPlan;
  /** Reference of the image to run. */
  image: string;
  engine: Engine;
  /** The container stays when the program is over. */
  keepAlive: boolean;
  /** Noted before anything exists outside. */
  intend(): Promise<void>;
  /** Called once when the container could not be ended in time, with words for that. */
  onUnkillable(words: string): void;
  clock: Clock;
  signal: AbortSignal;
}

/** Returns its id; nothing of it is left when this throws. */
export async function makeContainer(control: string, options: ContainerOptions): Promise<string> {
  const { plan } = options;
  await options.intend();
  const [created, written] = await Promise.allSettled([create(options), makeFiles(control, plan)]);
  if (created.status === 'rejected') throw created.reason;
  if (written.status === 'fulfilled') return created.value;
  // Without its program there is nothing to keep it for.
  await endContainer({ ...options, keepAlive: false }, created.value);
  throw written.reason;
}

async function makeFiles(control: string, plan: JobPlan): Promise<void> {
  await makeControlFiles(control, {
    [controlFiles.program]: renderProgram(plan.program),
    [controlFiles.output]: '',
    [controlFiles.marks]: '',
    ...plan.launch.files,
  });
  if (plan.user === undefined) return;
  const { letIn } = await import('./other-user.ts');
  await letIn(dirname(control));
}

/** An engine that hangs holds nobody up who wants to end; what it makes all the same goes as soon as it is there. */
async function create(options: ContainerOptions): Promise<string> {
  const { plan, engine, onUnkillable } = options;
  const { name } = plan.container;
  const creation = engine.create({ ...plan.container, image: options.image });
  const over = new AbortController();
  const isLate = afterSignal(options, over.signal);
  const id = await Promise.race([creation, isLate]).finally(() => over.abort());
  if (id !== undefined) return id;
  creation.then(engine.remove).catch(() => {});
  const words = `the engine was still making container ${name} ${killWithinMs / 1000} s after its end was asked for`;
  onUnkillable(words);
  throw new MadError('INTERRUPTED', words);
}

/** Resolves when a signal came so long ago that nobody waits any more; never when `over` comes first. */
async function afterSignal({ signal, clock }: ContainerOptions, over: AbortSignal): Promise<undefined> {
  const reason = await aborted(signal, over);
  if (reason !== undefined) await clock.sleep(killWithinMs, over).catch(() => {});
}

/** Whether it is gone. */
export async function endContainer(options: ContainerOptions, container: string): Promise<boolean> {
  const { engine, clock, plan, onUnkillable } = options;
  const { name } = plan.container;
  const over = new AbortController();
  const late = clock.sleep(killWithinMs, over.signal).then(
    () => `container ${name} was still there ${killWithinMs / 1000} s after its end was asked for`,
    () => undefined,
  );
  const act = options.keepAlive ? engine.kill(container) : engine.remove(container);
  const done = act.then(
    () => undefined,
    (error: unknown) => `container ${name} could not be ended: ${(error as Error).message}`,
  );
  const problem = await Promise.race([done, late]);
  over.abort();
  if (problem !== undefined) onUnkillable(problem);
  return problem === undefined;
}

/** The reason when `signal` aborts; undefined when `over` does first. */
export function aborted(signal: AbortSignal, over: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const tell = (): void => resolve(String(signal.reason));
    if (signal.aborted) tell();
    signal.addEventListener('abort', tell, { once: true });
    over.addEventListener(
      'abort',
      () => {
        signal.removeEventListener('abort', tell);
        resolve(undefined);
      },
      { once: true },
    );
  });
}
