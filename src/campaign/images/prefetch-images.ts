/**
 * `--prefetch`: images of the next jobs come while the current one runs, one at a time and never far ahead. What goes
 * wrong here is told by the job's own pull, if it still does then.
 */
import type { Emit, EventBody, EventScope } from '../../foundation/event.ts';
import { sizeText } from '../../foundation/size-text.ts';
import { freeSpace, littleSpace } from '../../image/free-space.ts';
import { ensureImage, imageAtHand } from '../../image/pull.ts';
import type { Engine } from '../../machine/engine/engine.ts';
import { sourceOf } from '../../run/image-source.ts';
import type { Job } from '../../run/job.ts';
import type { Prefetch } from '../../run/prefetch.ts';
import { pullOptions } from '../../run/pull-image.ts';
import type { RunServices } from '../../run/run-services.ts';

/** `between`: not while a model's program runs; `always`: also then. */
export type PrefetchMode = 'between' | 'always';

/** Images that wait for their job, at most: the disk may be small. */
const ahead = 2;

export interface PrefetchWork {
  mode: PrefetchMode;
  /** Those that will run, in their order. */
  jobs: readonly Job[];
  /** Brings the image; true when it is here. Never rejects. */
  fetch(job: Job, signal: AbortSignal): Promise<boolean>;
  /** Whether the disk has room for one more. */
  hasRoom(): Promise<boolean>;
  signal: AbortSignal;
}

export interface Prefetching extends Prefetch {
  /** Ends what is on its way. */
  stop(): Promise<void>;
}

interface Current {
  key: string;
  control: AbortController;
  done: Promise<void>;
}

export function prefetchImages(work: PrefetchWork): Prefetching {
  const waiting = new Map(work.jobs.map((job) => [job, keyOf(job)]));
  const tried = new Set<string>();
  let current: Current | undefined;
  let timed = 0;
  let own = 0;
  let isOver = false;

  const mayFetch = (): boolean =>
    !isOver && !work.signal.aborted && own === 0 && (timed === 0 || work.mode === 'always');

  const next = (): void => {
    if (current || !mayFetch()) return;
    const soon = [...new Set(waiting.values())].slice(0, ahead);
    const found = [...waiting].find(([, key]) => soon.includes(key) && !tried.has(key));
    if (!found) return;
    const [job, key] = found;
    const control = new AbortController();
    const done = fetch(job, key, control).then((isThere) => {
      current = undefined;
      if (isThere || !control.signal.aborted) next();
    });
    current = { key, control, done };
  };

  const fetch = async (job: Job, key: string, control: AbortController): Promise<boolean> => {
    if (!(await work.hasRoom())) {
      // Asked again when the next job has its image: something may be gone by then.
      control.abort();
      return false;
    }
    if (control.signal.aborted) return false;
    tried.add(key);
    const isThere = await work.fetch(job, AbortSignal.any([control.signal, work.signal]));
    // What was stopped goes on later, from the layers that are here.
    if (!isThere && control.signal.aborted) tried.delete(key);
    return isThere;
  };

  return {
    async own(job, act) {
      const key = waiting.get(job) ?? keyOf(job);
      waiting.delete(job);
      tried.add(key);
      own++;
      try {
        if (current?.key === key) await current.done;
        return await act();
      } finally {
        own--;
        // Its program is about to begin: what is fetched now would only be stopped.
        if (work.mode === 'always') next();
      }
    },
    async timed(act) {
      timed++;
      try {
        if (work.mode === 'between') {
          current?.control.abort();
          await current?.done;
        }
        return await act();
      } finally {
        timed--;
        next();
      }
    },
    async stop() {
      isOver = true;
      current?.control.abort();
      await current?.done;
    },
  };
}

const keyOf = ({ image }: Job): string => imageAtHand(sourceOf(image));

/** Undefined where no image can come from anywhere. */
export function prefetchFor(
  mode: PrefetchMode,
  jobs: readonly Job[],
  services: RunServices,
): Prefetching | undefined {
  const { engine, signal, emit } = services;
  const remote = jobs.filter(({ image }) => image.registry_image || image.local_image);
  if (engine.kind === 'host' || remote.length === 0) return undefined;
  const largest = { bytes: 0 };
  return prefetchImages({
    mode,
    jobs: remote,
    signal,
    hasRoom: roomIn(engine, largest, emit),
    fetch: async (job, signal) => {
      try {
        const pulled = await ensureImage({ ...pullOptions(job, services), emit: modest(emit), signal });
        if (pulled.status === 'FAILURE') return false;
        const info = await engine.inspect(pulled.reference);
        largest.bytes = Math.max(largest.bytes, info?.bytes ?? 0);
        return true;
      } catch {
        return false;
      }
    },
  });
}

/** Room for one more like the largest so far, and what every pull wants to be left. */
function roomIn(engine: Engine, largest: { bytes: number }, emit: Emit): () => Promise<boolean> {
  let told = false;
  return async () => {
    const free = await freeSpace(engine).catch(() => undefined);
    if (free === undefined || free >= littleSpace + largest.bytes) return true;
    const message = `no image is fetched ahead: only ${sizeText(free)} left where ${engine.kind} keeps images`;
    if (!told) emit({ type: 'notice', level: 'info', code: 'NO_PREFETCH', message });
    told = true;
    return false;
  };
}

/** A pull that comes to nothing is no failure yet, and its warnings come with the job's own. */
function modest(emit: Emit): Emit {
  const send = (body: EventBody): void => {
    if (body.type === 'notice') return;
    if (body.type === 'pull.ended' && body.status === 'FAILURE') {
      const { failure: _, ...rest } = body;
      emit({ ...rest, status: 'SKIPPED' });
    } else emit(body);
  };
  return Object.assign(send, { within: (scope: EventScope) => modest(emit.within(scope)) });
}
