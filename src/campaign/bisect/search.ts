/** One execution after the other, until the change is found. All that is decided comes from the campaign's records. */
import { join } from 'node:path';
import { type ExitCode, exitCode, MadError } from '../../foundation/error.ts';
import { writeFileAtomic } from '../../foundation/file/atomic-write.ts';
import { cardFromManifest } from '../../package/manifest-card.ts';
import { type BisectLog, bisectFile, writeBisect } from '../../record/campaign/bisect-file.ts';
import { recordsOf } from '../../record/campaign/campaign-list.ts';
import type { RunFailure, RunRecord } from '../../record/record-schema.ts';
import { beginRun } from '../../run/begin-run.ts';
import { makeJob } from '../../run/job.ts';
import { unkillable } from '../../run/run-services.ts';
import { skipOf } from '../../run/skip-reason.ts';
import { findTarget } from '../../target/registry.ts';
import { ownImage } from '../build/given-image.ts';
import { recordUnplaced } from '../build/unbuilt.ts';
import { limitsOf } from '../jobs/parallel.ts';
import { runJobs } from '../jobs/run-jobs.ts';
import type { OpenCampaign } from '../open-campaign.ts';
import {
  type CandidateJobs,
  type Ground,
  imageJobs,
  keyOf,
  modelJobs,
  type Prepared,
  packageJobs,
} from './candidate-jobs.ts';
import type { Subject } from './choose-subject.ts';
import { type Decision, decide } from './decide.ts';
import { bisectLog, bisectText } from './log.ts';
import { chooseMetric, isTroubleAround, measuredOf, type Sample, sampleOf } from './samples.ts';
import type { Candidate } from './series.ts';

interface Search {
  ground: Ground;
  subject: Subject;
  candidates: readonly Candidate[];
  model: string;
  /** One list for each candidate. */
  samples: readonly Sample[][];
  prepared: Map<number, Prepared>;
  /** Made when the first of them is needed. */
  jobs: CandidateJobs | undefined;
  /** Lines of the log that were told already. */
  told: number;
}

export async function search(
  ground: Ground,
  subject: Subject,
  candidates: readonly Candidate[],
): Promise<ExitCode> {
  const { campaign, around, options } = ground;
  const state: Search = {
    ...{ ground, subject, candidates, jobs: undefined, prepared: new Map(), told: 0 },
    model: options.tags.join(' '),
    samples: candidates.map(() => []),
  };
  const labels = candidates.map(({ label }) => label);
  campaign.emit({ type: 'bisect.started', over: subject.over, candidates: labels });
  await takeEarlier(state);
  try {
    for (;;) {
      const { decision, log } = await judge(state);
      if (decision.kind !== 'measure') return await conclude(log, state);
      if (around.signal.aborted) return exitCode.failure;
      await measure(decision, state);
    }
  } finally {
    // What can't be removed now is in the journal, for the next start.
    await state.jobs?.keepOnly([]).catch(() => {});
  }
}

/** What an earlier process measured. */
async function takeEarlier(state: Search): Promise<void> {
  const { campaign } = state.ground;
  const { records } = await recordsOf(campaign.folder.path);
  for (const record of records) take(record, state);
  campaign.before.push(...records.filter(({ retried }) => !retried));
  const count = state.samples.flat().length;
  if (count === 0) return;
  const message = `${count} ${count === 1 ? 'execution is' : 'executions are'} done already`;
  campaign.emit({ type: 'notice', level: 'info', code: 'RESUMED', message });
}

function take(record: RunRecord, { candidates, samples, model }: Search): void {
  const sample = sampleOf(record);
  const at = candidates.findIndex((candidate) => keyOf(model, candidate) === record.job);
  const own = samples[at];
  if (!sample || !own) return;
  refuseOtherImage(sample, own, candidates[at]);
  own.push(sample);
}

/** A name may mean another image from one moment to the next, and what was measured of both is no one thing. */
function refuseOtherImage(sample: Sample, own: readonly Sample[], candidate: Candidate | undefined): void {
  const known = own.find(({ imageId }) => imageId !== null)?.imageId;
  if (!candidate || /^[0-9a-f]{40,64}$/.test(candidate.id)) return;
  if (known === undefined || known === sample.imageId || sample.imageId === null) return;
  throw new MadError('RUN_FAILED', `${candidate.id} is another image now than it was at its first sample`, {
    hint: "Name images that don't change, such as by their digests, and start the bisect anew.",
  });
}

/** What is known now, with both files of it on the disk and every new step told. */
async function judge(state: Search): Promise<{ decision: Decision; log: BisectLog }> {
  const { ground, subject, candidates, samples, model } = state;
  const { options, campaign } = ground;
  const metric = chooseMetric(samples.flat(), options.metric);
  const direction = options.direction ?? metric?.direction ?? undefined;
  const decision = decide(
    samples.map((own) => measuredOf(own, metric)),
    { most: options.maxRepeats, direction, minDifference: options.minDifference / 100 },
  );
  const known = { metric, direction, candidates, samples, decision, model, over: subject.over };
  const log = ground.access.scrubber.scrubData(bisectLog({ ...known, campaign: campaign.folder.id }));
  await writeBisect(campaign.folder.path, log);
  tell(log, state);
  return { decision, log };
}

function tell({ ends, steps }: BisectLog, state: Search): void {
  const { candidates, ground } = state;
  const { emit } = ground.campaign;
  const labels = new Map(candidates.map(({ id, label }) => [id, label]));
  const events = [
    ...(ends
      ? [
          {
            ...{ candidate: 'both ends', verdict: 'ends' as const, clear: ends.verdict === 'differ' },
            ...{ samples: (ends.good?.count ?? 0) + (ends.bad?.count ?? 0), mean: null, why: ends.why },
          },
        ]
      : []),
    ...steps.map(({ candidate, verdict, clear, measured, why }) => ({
      ...{ candidate: labels.get(candidate) ?? candidate, verdict, clear, why },
      ...{ samples: measured?.count ?? 0, mean: measured?.mean ?? null },
    })),
  ];
  for (const event of events.slice(state.told)) emit({ type: 'bisect.judged', ...event });
  state.told = Math.max(state.told, events.length);
}

async function measure({ at, ends }: { at: number } & Pick<Decision, 'ends'>, state: Search): Promise<void> {
  const { ground, candidates, samples, prepared } = state;
  const { campaign, around, options, context, gpus } = ground;
  const candidate = candidates[at];
  if (!candidate) throw new RangeError(`no candidate ${at}`);
  const sample = (samples[at]?.length ?? 0) + 1;
  campaign.emit({
    type: 'bisect.measuring',
    ...{ candidate: candidate.label, position: at + 1, of: candidates.length, sample },
  });
  state.jobs ??= await jobsFor(state);
  // Both ends are measured in turn; of what lies between them only one at a time.
  if (ends && !prepared.has(at)) {
    prepared.clear();
    await state.jobs.keepOnly([]);
  }
  const ready = prepared.get(at) ?? (await state.jobs.prepare(candidate));
  if (around.signal.aborted) return;
  if ('failure' in ready) {
    take(await recordFailure(candidate, ready.failure, state), state);
    return;
  }
  prepared.set(at, ready);
  const { job, services } = ready;
  const warmup = sample === 1 ? options.warmup : 0;
  const records: RunRecord[] = [];
  const target = await findTarget(options.target, around.plugins?.targets)();
  await runJobs({
    target,
    jobs: [job],
    limits: limitsOf(1),
    retries: options.retries,
    skipOf: (one) => skipOf(one, context, gpus, options),
    services: { ...services, settings: { ...services.settings, repeat: 1, warmup } },
    keep: (record) => {
      records.push(record);
    },
    leave: async ({ begun }) => {
      const failure: RunFailure = {
        ...{ class: 'interrupted', stage: null },
        message: `ended by ${String(around.signal.reason)}`,
      };
      const draft = begun ?? (await beginRun(job, services, 1));
      records.push(await recordUnplaced(draft, failure, services, around));
    },
  });
  for (const record of records) {
    if (record.warnings.some((warning) => warning.startsWith(unkillable))) campaign.settled = false;
    take(record, state);
    await stopForTrouble(record, ground);
  }
}

/** A candidate must not be blamed for a full disk or an engine that went away. */
async function stopForTrouble(record: RunRecord, { engine, around }: Ground): Promise<void> {
  const { failure } = record;
  if (failure === null || around.signal.aborted) return;
  const isGone =
    failure.class === 'engine' &&
    (await engine.version().then(
      () => false,
      () => true,
    ));
  if (!isGone && !isTroubleAround(record)) return;
  throw new MadError('RUN_FAILED', `nothing can be measured now (${failure.class}): ${failure.message}`, {
    hint: 'Mend that, then go on with `madengine-cli bisect --resume`.',
  });
}

function jobsFor({ ground, subject, model }: Search): Promise<CandidateJobs> | CandidateJobs {
  switch (subject.over) {
    case 'images':
      return imageJobs(ground, model);
    case 'model':
      return modelJobs(ground, model);
    case 'package':
      return packageJobs(ground, model, subject.repository);
  }
}

/** A candidate that never came to run has a record, too, by which a later process knows it. */
async function recordFailure(
  candidate: Candidate,
  failure: RunFailure,
  { ground, model }: Search,
): Promise<RunRecord> {
  const job = makeJob(cardFromManifest({ name: model }), '', ownImage(''));
  const keyed = { ...job, key: keyOf(model, candidate) };
  const begun = await beginRun(keyed, ground.services, 1);
  return recordUnplaced(begun, failure, ground.services, ground.around);
}

async function conclude(log: BisectLog, { ground }: Search): Promise<ExitCode> {
  const { campaign } = ground;
  const { result } = log;
  if (!result) throw new RangeError('no result at the end');
  campaign.emit({ type: 'file.written', kind: 'results', path: campaign.perfCsv });
  await writeBeside(log, campaign);
  campaign.emit({ type: 'bisect.ended', ...result });
  if (result.verdict === 'found') return exitCode.success;
  return result.verdict === 'unmeasurable' ? exitCode.runFailure : exitCode.failure;
}

/** The campaign has its own log; what lies beside `perf.csv` is for people. */
async function writeBeside(log: BisectLog, { resultsRoot, emit }: OpenCampaign): Promise<void> {
  const text = join(resultsRoot, 'bisect.md');
  try {
    await writeBisect(resultsRoot, log);
    emit({ type: 'file.written', kind: 'bisect', path: join(resultsRoot, bisectFile) });
    await writeFileAtomic(text, bisectText(log));
    emit({ type: 'file.written', kind: 'bisect report', path: text });
  } catch (error) {
    const message = `not all files of the bisect beside perf.csv are up to date: ${(error as Error).message}`;
    emit({ type: 'notice', level: 'warning', code: 'RESULT_FILE', message });
  }
}
