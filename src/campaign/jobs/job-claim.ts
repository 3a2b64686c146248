import type { GpuFacts } from '../../machine/device/detect.ts';
import { type GpuWish, gpuWish, withRenderNodes } from '../../run/gpu/choose-gpus.ts';
import type { RunServices } from '../../run/run-services.ts';
import type { Entry } from './entry.ts';
import type { Claim } from './place-jobs.ts';

/** What a job asks for now. One that asks for what can't be had asks for nothing: it says so in its record. */
export function claimOf(entry: Entry, services: Pick<RunServices, 'context' | 'gpus' | 'devices'>): Claim {
  const { position, job, skip, avoid, started } = entry;
  const wish = skip ? nothing : wishOf(entry, services);
  const own = started?.plan.gpus ?? [];
  const indices = wish.candidates
    .map(({ index }) => index)
    .filter((index) => own.length === 0 || own.includes(index));
  return {
    position,
    count: wish.count,
    candidates: indices.toSorted((a, b) => Number(avoid.includes(a)) - Number(avoid.includes(b))),
    exclusive: job.card.exclusive && !skip,
  };
}

const nothing: GpuWish = { count: 0, candidates: [] };

function wishOf({ job }: Entry, { context, gpus, devices }: Parameters<typeof claimOf>[1]): GpuWish {
  try {
    return gpuWish(job.card, context, withNodes(gpus, context), devices.setAside);
  } catch {
    return nothing;
  }
}

/** With the render nodes that the context names, where they can be read. */
export function withNodes(gpus: GpuFacts, context: RunServices['context']): GpuFacts {
  try {
    return withRenderNodes(gpus, context);
  } catch {
    return gpus;
  }
}
