/** Models without an image: each attempt at one has a record and a row, too. */
import type { FailedBuild } from '../../manifest/assemble.ts';
import { cardFromManifest } from '../../package/manifest-card.ts';
import type { RecordDraft } from '../../record/record-draft.ts';
import type { RunFailure, RunRecord } from '../../record/record-schema.ts';
import { beginRun } from '../../run/begin-run.ts';
import { emptyOutcome } from '../../run/draft-record.ts';
import { finish } from '../../run/finish-job.ts';
import { type Job, makeJob } from '../../run/job.ts';
import type { RunServices } from '../../run/run-services.ts';
import type { LastAttempts } from '../again/resumed.ts';
import type { Surroundings } from '../options.ts';

interface ToRun {
  jobs: readonly Job[];
  failedBuilds: readonly FailedBuild[];
  /** An earlier process of the campaign built. */
  isRecorded?: true;
}

/** What earlier processes of the campaign recorded of builds, and this one has no better word on. */
export function unbuiltBefore({ jobs, isRecorded }: ToRun, last: LastAttempts): RunRecord[] {
  if (!isRecorded) return [];
  const runnable = new Set(jobs.map(({ key }) => key));
  return [...last.values()].filter(({ job }) => !runnable.has(job));
}

/** Those whose record this process has to write; an earlier one may have died before it had written all of its own. */
export const buildsToRecord = (
  { failedBuilds, isRecorded }: ToRun,
  last: LastAttempts,
): readonly FailedBuild[] =>
  isRecorded ? failedBuilds.filter((build) => !last.has(jobOf(build).key)) : failedBuilds;

/** `late`: why it was not built, where the build itself is not to blame. */
export async function recordFailedBuild(
  build: FailedBuild,
  late: RunFailure | undefined,
  last: LastAttempts,
  services: RunServices,
  around: Surroundings,
): Promise<RunRecord> {
  const failure: RunFailure = build.interrupted
    ? { class: 'interrupted', stage: 'build', message: build.error }
    : { class: 'build', stage: 'build', message: 'its image could not be built', evidence: build.error };
  const job = jobOf(build);
  const begun = await beginRun(job, services, (last.get(job.key)?.attempt ?? 0) + 1);
  return recordUnplaced(begun, late ?? failure, services, around);
}

const jobOf = (build: FailedBuild): Job =>
  makeJob(cardFromManifest(build.card ?? { name: build.model }), build.image ?? '', {
    docker_image: build.image ?? '',
    dockerfile: build.dockerfile ?? '',
    base_docker: '',
    docker_sha: '',
    build_duration: 0,
    build_command: '',
    log_file: build.log_file ?? '',
  });

/** The record and the row of a job that never came to run. */
export async function recordUnplaced(
  begun: RecordDraft,
  failure: RunFailure,
  services: RunServices,
  { clock }: Surroundings,
): Promise<RunRecord> {
  const { run, attempt } = begun;
  const record: RunRecord = {
    ...begun,
    engine: null,
    gpu: null,
    ...emptyOutcome(clock.now()),
    placement: null,
    failure,
  };
  return finish(record, services, services.emit.within({ run, attempt }));
}
