/** The jobs of a campaign, from the first to the last record: who runs when, on which GPUs, and who gets another try. */
import { setMaxListeners } from 'node:events';
import type { Slot } from '../../run/gpu/slot.ts';
import { attempt } from './attempt.ts';
import { type Bell, makeBell } from './bell.ts';
import type { Entry, SlotGiver } from './entry.ts';
import { claimOf } from './job-claim.ts';
import type { JobsToRun } from './jobs-to-run.ts';
import { type Holding, type Limits, placeJobs } from './place-jobs.ts';

/** How far the jobs are. */
interface State {
  work: JobsToRun;
  giver: SlotGiver;
  /** Rings when a run is over, at a signal, and at the deadline. */
  bell: Bell;
  waiting: Set<Entry>;
  running: Map<Entry, { slot: Slot; over: Promise<void> }>;
  /** Errors of our own, not of jobs: the first one ends everything. */
  failures: unknown[];
  /** Nothing was started yet. */
  isOpening: boolean;
  /** Other programs that hold GPUs, as they were told of last. */
  toldHolders: string;
}

export async function runJobs(work: JobsToRun): Promise<void> {
  const { signal } = work.services;
  const state = await stateOf(work);
  const { bell, waiting, running, failures } = state;
  // Every run listens several times.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', bell.ring);
  while (waiting.size + running.size > 0 && failures.length === 0) {
    await oneRound(state).catch((error: unknown) => failures.push(error));
  }
  // After a failure, too: nothing goes on behind the back of who cleans up.
  await Promise.all([...running.values()].map(({ over }) => over));
  signal.removeEventListener('abort', bell.ring);
  if (failures.length > 0) throw failures[0];
}

async function stateOf(work: JobsToRun): Promise<State> {
  const { services, limits } = work;
  return {
    work,
    giver:
      limits.slots === 1
        ? oneByOne(limits)
        : await (await import('./slot-giver.ts')).severalAtOnce(limits, services),
    bell: makeBell(services.clock),
    waiting: new Set(entriesOf(work)),
    running: new Map(),
    failures: [],
    isOpening: true,
    toldHolders: '',
  };
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

/** All jobs but those that an earlier process was through with. */
const entriesOf = (work: JobsToRun): Entry[] =>
  work.jobs
    .map((job, position) => ({
      job,
      position,
      skip: work.skipOf(job),
      notBefore: 0,
      avoid: [],
      attemptsBefore: work.attemptsBefore?.(job) ?? 0,
      ...work.goingOn?.(job),
    }))
    .filter(({ job }) => !work.isDone?.(job));

/** Starts what can be started now. Where that is nothing, waits for something to change. */
async function oneRound(state: State): Promise<void> {
  const { work, giver, bell, waiting, running } = state;
  const { services } = work;
  // What runs at the signal or the deadline is recorded first.
  if (services.signal.aborted && running.size === 0) return endWithoutRun(state);
  const now = services.clock.monotonic();
  const asking = whoAsks(state, now);
  const claims = asking.map((entry) => ({ ...claimOf(entry, services), entry }));
  const { granted, holders } = giver.grant(claims, [...running].map(holdingOf));
  for (const { claim, slot } of granted) start(claim.entry, slot, state);
  state.isOpening = false;
  if (granted.length > 0) return;
  tellHolders(holders, asking, state);
  await bell.wait(pauseMs(waiting, now, holders.length > 0));
}

/** The jobs that ask for a slot, at `now` in monotonic seconds. */
function whoAsks({ work, waiting, running, isOpening }: State, now: number): Entry[] {
  const { limits, services } = work;
  // What an earlier process started has its GPUs already.
  const goesOn = isOpening ? [...waiting].filter(({ started }) => started !== undefined) : [];
  const isFull = running.size >= limits.slots;
  const isDue = ({ notBefore }: Entry): boolean => notBefore <= now && !services.signal.aborted;
  const due = goesOn.length > 0 ? goesOn : isFull ? [] : [...waiting].filter(isDue);
  // One at a time: only the next one asks, however long the campaign is.
  return limits.slots === 1 ? due.toSorted((a, b) => a.position - b.position).slice(0, 1) : due;
}

function start(entry: Entry, slot: Slot, { work, giver, bell, waiting, running, failures }: State): void {
  waiting.delete(entry);
  const over = attempt(entry, slot, work, giver)
    .then(
      (next) => next && waiting.add(next),
      (error: unknown) => failures.push(error),
    )
    .then(() => {
      giver.release(slot);
      running.delete(entry);
      bell.ring();
    });
  running.set(entry, { slot, over });
}

/** Records one of the jobs that did not begin in time; for one that is to be skipped, its run does that. */
async function endWithoutRun(state: State): Promise<void> {
  const { work, waiting } = state;
  const [entry] = waiting;
  if (!entry) return;
  if (entry.skip) return start(entry, { gpus: [] }, state);
  waiting.delete(entry);
  await work.leave(entry);
}

const holdingOf = ([{ job, skip }, { slot }]: [Entry, { slot: Slot }]): Holding => ({
  gpus: slot.gpus,
  exclusive: job.card.exclusive && !skip,
});

function tellHolders(holders: readonly string[], asking: readonly Entry[], state: State): void {
  const names = holders.join(', ');
  const isKnown = names === state.toldHolders;
  state.toldHolders = names;
  const [first] = asking;
  if (isKnown || holders.length === 0 || !first) return;
  const others = asking.length === 1 ? '' : ` and ${asking.length - 1} more`;
  const message = `${first.job.card.name}${others} may have to wait for other programs: ${names}`;
  state.work.services.emit({ type: 'notice', level: 'info', code: 'GPU_BUSY', message });
}

/** Until something may have changed that nobody tells: a pause that is over, GPUs that another program gave back. */
function pauseMs(waiting: ReadonlySet<Entry>, now: number, isBusy: boolean): number {
  const pauses = [...waiting].map(({ notBefore }) => (notBefore - now) * 1000).filter((ms) => ms > 0);
  // Uneven, so that two programs don't keep meeting.
  if (isBusy) pauses.push(200 + Math.random() * 400);
  return Math.max(1, Math.min(60_000, ...pauses));
}
