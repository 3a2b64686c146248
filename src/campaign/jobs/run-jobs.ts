/** The jobs of a campaign, from the first to the last record: who runs when, on which GPUs, and who gets another try. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../foundation/clock.ts';
import type { RunRecord } from '../../record/record-schema.ts';
import { beginRun } from '../../run/begin-run.ts';
import type { Slot } from '../../run/gpu/slot.ts';
import type { Job } from '../../run/job.ts';
import type { RunServices } from '../../run/run-services.ts';
import type { Skip } from '../../run/skip-reason.ts';
import type { Target } from '../../target/target.ts';
import type { Entry, SlotGiver } from './entry.ts';
import { claimOf } from './job-claim.ts';
import { type Holding, type Limits, placeJobs } from './place-jobs.ts';
import { isWorthRetrying, pauseBehind } from './retries.ts';

export interface JobsToRun {
  target: Target;
  jobs: readonly Job[];
  /** Whether an earlier process of the campaign was through with it. */
  isDone?(job: Job): boolean;
  /** Attempts of earlier processes. */
  attemptsBefore?(job: Job): number;
  /** The attempt that an earlier process began, and whose program still runs. */
  goingOn?(job: Job): Pick<Entry, 'begun' | 'started'> | undefined;
  /** Jobs at the same time. */
  limits: Limits;
  /** Further attempts at a job. */
  retries: number;
  skipOf(job: Job): Skip | undefined;
  /** Their signal ends what runs; what has not begun by then is left. */
  services: RunServices;
  /** Gets the last record of each job. */
  keep(record: RunRecord, entry: Entry): void | Promise<void>;
  /** Records a job that does not run any more. */
  leave(entry: Entry): Promise<void>;
}

/** One job at a time: it leases its GPUs itself, when it needs them. */
const oneByOne = (limits: Limits): SlotGiver => ({
  grant: (waiting, running) => ({
    granted: placeJobs({ waiting, running, limits, busy: new Set() }).map((one) => ({
      ...one,
      slot: { gpus: one.gpus },
    })),
    holders: [],
  }),
  introduce() {},
  release() {},
});

export async function runJobs(work: JobsToRun): Promise<void> {
  const { services, limits } = work;
  const waiting = new Set<Entry>(
    work.jobs
      .map((job, position) => ({
        ...{ job, position, skip: work.skipOf(job), notBefore: 0, avoid: [] },
        attemptsBefore: work.attemptsBefore?.(job) ?? 0,
        ...work.goingOn?.(job),
      }))
      .filter(({ job }) => !work.isDone?.(job)),
  );
  const running = new Map<Entry, Slot>();
  const tasks = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const bell = makeBell(services.clock);
  const giver =
    limits.slots === 1
      ? oneByOne(limits)
      : await (await import('./slot-giver.ts')).severalAtOnce(limits, services);
  // Every run listens several times.
  setMaxListeners(0, services.signal);
  services.signal.addEventListener('abort', bell.ring);
  let told = '';
  let isOpening = true;

  const start = (entry: Entry, slot: Slot): void => {
    waiting.delete(entry);
    running.set(entry, slot);
    const task = runOne(entry, slot, work, giver)
      .then(
        (next) => next && waiting.add(next),
        (error: unknown) => failures.push(error),
      )
      .then(() => {
        giver.release(slot);
        running.delete(entry);
        tasks.delete(task);
        bell.ring();
      });
    tasks.add(task);
  };

  const endWithoutRun = async (entry: Entry): Promise<void> => {
    if (entry.skip) return start(entry, { gpus: [] });
    waiting.delete(entry);
    await work.leave(entry);
  };

  const oneRound = async (): Promise<void> => {
    // What runs at the signal or the deadline is recorded first.
    if (services.signal.aborted && running.size === 0) {
      const [first] = waiting;
      if (first) await endWithoutRun(first);
      return;
    }
    const now = services.clock.monotonic();
    const isDue = ({ notBefore }: Entry): boolean => notBefore <= now && !services.signal.aborted;
    // What runs already has its GPUs.
    const runs = isOpening ? [...waiting].filter(({ started }) => started !== undefined) : [];
    const isFull = running.size >= limits.slots;
    const due = runs.length > 0 ? runs : isFull ? [] : [...waiting].filter(isDue);
    // One at a time: only the next one asks, however long the campaign is.
    const asking = limits.slots === 1 ? due.toSorted((a, b) => a.position - b.position).slice(0, 1) : due;
    const claims = asking.map((entry) => ({ ...claimOf(entry, services), entry }));
    const { granted, holders } = giver.grant(claims, [...running].map(holdingOf));
    for (const { claim, slot } of granted) start(claim.entry, slot);
    isOpening = false;
    if (granted.length > 0) return;
    if (holders.join() !== told) tellHolders(holders, due, services);
    told = holders.join();
    await bell.wait(pauseMs(waiting, now, holders.length > 0));
  };

  while (waiting.size + running.size > 0 && failures.length === 0) {
    await oneRound().catch((error: unknown) => failures.push(error));
  }
  // After a failure, too: nothing goes on behind the back of who cleans up.
  await Promise.all(tasks);
  services.signal.removeEventListener('abort', bell.ring);
  if (failures.length > 0) throw failures[0];
}

const holdingOf = ([{ job, skip }, { gpus }]: [Entry, Slot]): Holding => ({
  gpus,
  exclusive: job.card.exclusive && !skip,
});

/** Returns the next attempt, when there is to be one. */
async function runOne(
  entry: Entry,
  slot: Slot,
  work: JobsToRun,
  giver: SlotGiver,
): Promise<Entry | undefined> {
  const { job, skip, position } = entry;
  const { services } = work;
  const begun = entry.begun ?? (await beginRun(job, services, entry.attemptsBefore + 1));
  if (!skip) giver.introduce(begun, slot);
  const outcome: { next?: Entry | undefined } = {};
  const record = await work.target.run(
    job,
    { ...services, slot, ...(entry.started ? { adopted: entry.started } : {}) },
    {
      begun,
      skip,
      position: position + 1,
      total: work.jobs.length,
      again: async (record) => {
        outcome.next = await nextAttempt(entry, record, work);
        return outcome.next !== undefined;
      },
    },
  );
  if (!outcome.next) await work.keep(record, entry);
  return outcome.next;
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

function tellHolders(holders: readonly string[], due: readonly Entry[], { emit }: RunServices): void {
  const [first] = due;
  if (holders.length === 0 || !first) return;
  const others = due.length === 1 ? '' : ` and ${due.length - 1} more`;
  const message = `${first.job.card.name}${others} may have to wait for other programs: ${holders.join(', ')}`;
  emit({ type: 'notice', level: 'info', code: 'GPU_BUSY', message });
}

/** Until something may have changed that nobody tells: a pause that is over, GPUs that another program gave back. */
function pauseMs(waiting: ReadonlySet<Entry>, now: number, isBusy: boolean): number {
  const pauses = [...waiting].map(({ notBefore }) => (notBefore - now) * 1000).filter((ms) => ms > 0);
  // Uneven, so that two programs don't keep meeting.
  if (isBusy) pauses.push(200 + Math.random() * 400);
  return Math.max(1, Math.min(60_000, ...pauses));
}

interface Bell {
  ring(): void;
  /** Until it rings, or has rung since the last wait; `ms` at most. */
  wait(ms: number): Promise<void>;
}

function makeBell(clock: Clock): Bell {
  let rung = false;
  let pause: AbortController | undefined;
  return {
    ring() {
      rung = true;
      pause?.abort();
    },
    async wait(ms) {
      if (!rung) {
        pause = new AbortController();
        await clock.sleep(ms, pause.signal).catch(() => {});
        pause = undefined;
      }
      rung = false;
    },
  };
}
