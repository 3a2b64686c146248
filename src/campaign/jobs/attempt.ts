/** One attempt at a job, and whether there is another. */
import type { RunRecord } from '../../record/record-schema.ts';
import { beginRun } from '../../run/begin-run.ts';
import type { Slot } from '../../run/gpu/slot.ts';
import type { Entry, SlotGiver } from './entry.ts';
import type { JobsToRun } from './jobs-to-run.ts';
import { isWorthRetrying, pauseBehind } from './retries.ts';

/** Returns the next attempt, when there is to be one. */
export async function attempt(
  entry: Entry,
  slot: Slot,
  work: JobsToRun,
  giver: SlotGiver,
): Promise<Entry | undefined> {
  const { job, skip, position } = entry;
  const { services } = work;
  const begun = entry.begun ?? (await beginRun(job, services, entry.attemptsBefore + 1));
  if (!skip) giver.introduce(begun, slot);
  let next: Entry | undefined;
  const record = await work.target.run(
    job,
    { ...services, slot, ...(entry.started ? { adopted: entry.started } : {}) },
    {
      begun,
      skip,
      position: position + 1,
      total: work.jobs.length,
      again: async (record) => {
        next = await nextAttempt(entry, record, work);
        return next !== undefined;
      },
    },
  );
  if (!next) await work.keep(record, entry);
  return next;
}

/** Noted before the record of this one is written: killed in between, the job is not without a last record. */
async function nextAttempt(
  entry: Entry,
  record: RunRecord,
  { services, retries }: JobsToRun,
): Promise<Entry | undefined> {
  const { attempt, failure } = record;
  const tries = attempt - entry.attemptsBefore;
  if (tries > retries || services.signal.aborted || !failure || !isWorthRetrying(record)) return undefined;
  const pauseS = pauseBehind(tries);
  const message = `${entry.job.card.name} is tried again in ${pauseS} s (attempt ${tries + 1} of ${retries + 1})`;
  const emit = services.emit.within({ run: record.run, attempt });
  emit({ type: 'notice', level: 'info', code: 'RUN_RETRIED', message });
  const { started: _, ...again } = entry;
  return {
    ...again,
    begun: await beginRun(entry.job, services, attempt + 1),
    last: failure,
    notBefore: services.clock.monotonic() + pauseS,
    avoid: failure.class === 'device' ? (record.placement?.gpus ?? []) : [],
  };
}
