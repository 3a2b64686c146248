import { MadError, toMadError } from '../foundation/error.ts';
import type { RunRecord } from '../record/record-schema.ts';
import { emptyOutcome } from '../run/draft-record.ts';
import { finish } from '../run/finish-job.ts';
import type { Job } from '../run/job.ts';
import { endedByDeadline, failureOf } from '../run/run-failure.ts';
import { type RunPlace, runJob } from '../run/run-job.ts';
import type { RunServices, Verdict } from '../run/run-services.ts';
import type { Target } from '../target/target.ts';
import { callPlugin, type PluginSource, sourceText } from './call.ts';
import type { PlacedJob, TargetAround, TargetPlugin } from './definition.ts';
import { pluginAround } from './plugin-around.ts';

export { targetNames } from '../target/registry.ts';

/** Seconds that a target has once its job is over. */
const restLimitS = 60;

export const asTarget = (plugin: TargetPlugin, source: PluginSource): Target => ({
  name: plugin.name,
  run(job, services, place) {
    // Nothing is placed that does not run, or runs already.
    if (place.skip || services.adopted) return runJob(job, services, place);
    return runPlaced(plugin, source, { job, services, place });
  },
});

interface Placing {
  job: Job;
  services: RunServices;
  place: RunPlace;
}

async function runPlaced(
  plugin: TargetPlugin,
  source: PluginSource,
  { job, services, place }: Placing,
): Promise<RunRecord> {
  const { clock, signal } = services;
  const emit = services.emit.within({ run: place.begun.run, attempt: place.begun.attempt });
  const started = Promise.withResolvers<void>();
  let own: Promise<RunRecord> | undefined;
  let isClosed = false;
  const around: TargetAround = {
    ...pluginAround(plugin, aroundOf(services), source),
    here() {
      if (isClosed) throw new MadError('INVALID_ARGUMENT', 'here() was called when the job was over');
      own ??= runJob(job, services, place);
      started.resolve();
      return own.then((record) => structuredClone(record));
    },
  };
  let problem: unknown;
  try {
    await Promise.race([
      callPlugin(source, 'place', () => plugin.place(placedJob(job, place), around), { clock, signal }),
      started.promise.then(async () => {
        await own;
        await clock.sleep(restLimitS * 1000, signal);
        throw new MadError(
          'PLUGIN_FAILED',
          `${sourceText(source)}, place: still not over ${restLimitS} s after its job`,
        );
      }),
    ]);
  } catch (thrown) {
    problem = thrown;
  }
  isClosed = true;
  if (own) {
    const record = await own;
    if (problem !== undefined && !signal.aborted) {
      emit({ type: 'notice', level: 'warning', code: 'PLUGIN', message: toMadError(problem).message });
    }
    return record;
  }
  problem ??= new MadError('PLUGIN_FAILED', `${sourceText(source)}, place: the job was not run`, {
    hint: 'A target calls around.here() and returns what that gives.',
  });
  return recordUnplaced(problem, { job, services, place });
}

/** A job that its target did not run. */
async function recordUnplaced(problem: unknown, { services, place }: Placing): Promise<RunRecord> {
  const { clock, signal, resultsRoot } = services;
  const failed: Verdict = {
    status: 'FAILURE',
    reason: null,
    failure: failureOf(problem, signal, resultsRoot),
  };
  const record: RunRecord = {
    ...place.begun,
    ...emptyOutcome(clock.now()),
    ...endedByDeadline(failed, signal),
    placement: null,
  };
  if (await place.again(record)) record.retried = true;
  const { run, attempt } = place.begun;
  return finish(record, services, services.emit.within({ run, attempt }));
}

const aroundOf = (services: RunServices) => ({
  runner: services.devices.runner,
  clock: services.clock,
  env: services.devices.env,
  credentials: services.credentials,
  packageDir: services.packageDir,
  emit: services.emit,
  signal: services.signal,
});

const placedJob = ({ key, card, image }: Job, { begun, position, total }: RunPlace): PlacedJob =>
  structuredClone({
    ...{ key, model: card.name, args: card.args, tags: [...card.tags], image: image.docker_image },
    ...{ attempt: begun.attempt, position, total },
    card: begun.model.card,
  });
