/** Slots for several jobs at the same time: each with its GPUs leased, CPUs near them, and word of its neighbours. */
import { MadError } from '../../foundation/error.ts';
import { type GpuDevice, offeredDevices } from '../../machine/device/gpu-facts.ts';
import { type Lease, leaseFolder, tryLeaseGpus } from '../../machine/device/lease.ts';
import type { RecordDraft } from '../../record/record-draft.ts';
import { type CpuShares, cpusFor, mayLimitCpus, nearCpus } from '../../run/gpu/near-cpus.ts';
import type { Slot } from '../../run/gpu/slot.ts';
import type { RunServices } from '../../run/run-services.ts';
import type { Granted, SlotGiver } from './entry.ts';
import { withNodes } from './job-claim.ts';
import { type Limits, placeJobs } from './place-jobs.ts';

export async function severalAtOnce(limits: Limits, services: RunServices): Promise<SlotGiver> {
  const { devices } = withNodes(services.gpus, services.context);
  const folder = usualFolder();
  const shares = await nearCpus(offeredDevices(services.gpus));
  const present = new Map<Slot, NonNullable<Slot['neighbours']>[number]>();
  return {
    grant(waiting, running) {
      const busy = new Map<number, string>();
      for (;;) {
        const placed = placeJobs({ waiting, running, limits, busy: new Set(busy.keys()) });
        const slots = leaseAll(placed, devices, folder, busy);
        if (!slots) continue;
        const granted = slots.map((one) => withCpus(one, shares, services));
        return { granted, holders: [...busy.values()] };
      }
    },
    introduce({ run, job }: RecordDraft, slot) {
      const me = { run, job, gpus: [...slot.gpus] };
      for (const [other, neighbour] of present) {
        other.neighbours?.push(me);
        slot.neighbours?.push(neighbour);
      }
      present.set(slot, me);
    },
    release(slot) {
      present.delete(slot);
      if (!slot.isStuck) slot.lease?.release();
    },
  };
}

type Placed = Omit<Granted, 'slot'>;

/** A job that doesn't get its GPUs at once waits in the queue: undefined then, who has them is noted, nothing is leased. */
function leaseAll(
  placed: readonly Placed[],
  devices: readonly GpuDevice[],
  folder: string | undefined,
  busy: Map<number, string>,
): Granted[] | undefined {
  const leases: Lease[] = [];
  const granted: Granted[] = [];
  try {
    for (const one of placed) {
      const slot: Slot = { gpus: one.gpus, keepsLease: true, neighbours: [] };
      granted.push({ ...one, slot });
      if (one.waits || one.gpus.length === 0 || folder === undefined) continue;
      const own = devices.filter(({ index }) => one.gpus.includes(index));
      const lease = tryLeaseGpus(folder, own);
      if ('busy' in lease) {
        busy.set(lease.busy, lease.holder);
        for (const each of leases) each.release();
        return undefined;
      }
      leases.push(lease);
      slot.lease = lease;
    }
    return granted;
  } catch (error) {
    for (const each of leases) each.release();
    throw error;
  }
}

function withCpus(granted: Granted, shares: CpuShares, { context, engine }: RunServices): Granted {
  const { card } = granted.claim.entry.job;
  const cpus = mayLimitCpus(card, context, engine.kind) ? cpusFor(granted.gpus, shares) : undefined;
  if (cpus !== undefined) granted.slot.cpus = cpus;
  return granted;
}

/** undefined where leases can't be had; each run then says so itself. */
function usualFolder(): string | undefined {
  try {
    return leaseFolder();
  } catch (error) {
    if (error instanceof MadError && error.code === 'NOT_WRITABLE') return undefined;
    throw error;
  }
}
