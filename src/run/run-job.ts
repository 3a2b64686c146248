import { markKnown } from '../record/known-failure.ts';
import type { RecordDraft } from '../record/record-draft.ts';
import type { RunRecord } from '../record/record-schema.ts';
import { emptyOutcome } from './draft-record.ts';
import { finish } from './finish-job.ts';
import type { Job } from './job.ts';
import type { Execute, Execution } from './repeat.ts';
import { cleanFolders } from './result/put-away.ts';
import { endedByDeadline, failureOf } from './run-failure.ts';
import { type Progress, type RunServices, roundedSeconds, unkillable, type Verdict } from './run-services.ts';
import { runSteps } from './run-steps.ts';
import { isRepeated } from './sampling.ts';
import type { Skip } from './skip-reason.ts';
import { removeStarted } from './started-program.ts';

export interface RunPlace {
  /** Of `beginRun`. */
  begun: RecordDraft;
  skip: Skip | undefined;
  /** Counts from 1. */
  position: number;
  total: number;
  /** Asked before the record is written: whether another attempt at the job has begun. */
  again(record: RunRecord): Promise<boolean>;
}

/** Never throws for what goes wrong with the job: that is in the record, which is final and on disk when this returns. */
export async function runJob(job: Job, services: RunServices, place: RunPlace): Promise<RunRecord> {
  const { clock } = services;
  const draft = services.adopted ? place.begun : { ...place.begun, started_at: clock.now().toISOString() };
  const emit = services.emit.within({ run: draft.run, attempt: draft.attempt });
  emit({
    type: 'run.started',
    model: job.card.name,
    image: job.imageName,
    position: place.position,
    total: place.total,
    ...(services.slot?.neighbours ? { concurrent: true } : {}),
  });

  const started = clock.monotonic();
  const record: RunRecord = place.skip
    ? { ...draft, ...emptyOutcome(clock.now()), status: 'SKIPPED', reason: place.skip.reason }
    : await attempt(job, draft, { ...services, emit });
  record.engine = { kind: services.engine.kind, version: await services.engineVersion() };
  record.ended_at = clock.now().toISOString();
  record.durations.total_s = services.adopted
    ? roundedSeconds((clock.now().getTime() - Date.parse(draft.started_at)) / 1000)
    : roundedSeconds(clock.monotonic() - started);
  markKnown(record, services.knownFailures);
  if (await place.again(record)) record.retried = true;
  return finish(record, services, emit);
}

async function attempt(job: Job, draft: RecordDraft, services: RunServices): Promise<RunRecord> {
  const runFolder = await services.campaign.runFolder(draft.run);
  const execute: Execute = (folder, own) => executeOnce(job, draft, folder, own);
  const executed = isRepeated(services.settings)
    ? await (await import('./repeat.ts')).repeated(runFolder, services, execute)
    : await execute(runFolder, services);
  const { progress, verdict, ...several } = executed;
  const { gpus, ...parts } = progress;
  const { cpus, neighbours } = services.slot ?? {};
  return {
    ...draft,
    ...emptyOutcome(services.clock.now()),
    ...parts,
    ...several,
    ...verdict,
    placement: {
      host: services.host,
      target: draft.placement?.target ?? 'local',
      gpus: [...gpus],
      ...(cpus ? { cpus } : {}),
    },
    ...(neighbours ? { neighbours: [...neighbours] } : {}),
  };
}

async function executeOnce(
  job: Job,
  draft: RecordDraft,
  runFolder: string,
  services: RunServices,
): Promise<Execution> {
  const progress: Progress = {
    durations: { total_s: 0, pull_s: null, stages_s: null },
    image: { ...draft.image },
    stages: [],
    metrics: [],
    artifacts: [],
    output: null,
    exit_code: null,
    git_commit: null,
    data: null,
    gpus: [],
    warnings: [],
  };
  let verdict: Verdict;
  try {
    verdict = await runSteps({ job, run: draft.run, runFolder, services, progress });
  } catch (thrown) {
    verdict = {
      status: 'FAILURE',
      failure: failureOf(thrown, services.signal, services.resultsRoot),
      reason: null,
    };
  }
  await removeStarted(runFolder);
  await cleanFolders(runFolder, services, !progress.warnings.some((words) => words.startsWith(unkillable)));
  return { verdict: endedByDeadline(verdict, services.signal), progress };
}
