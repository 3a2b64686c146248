import type { Lease } from '../../machine/device/lease.ts';
import type { RunRecord } from '../../record/record-schema.ts';

/** What a job has got of this machine. */
export interface Slot {
  /** Indices of its GPUs; with a lease these and no others, without one those that it had better take. */
  gpus: readonly number[];
  lease?: Lease;
  /** It outlives an execution: whoever made this slot gives it back. */
  keepsLease?: true;
  /** A container that could not be ended may still use its GPUs: the lease ends with this process. */
  isStuck?: true;
  /** CPUs near the GPUs, as an engine takes them, such as `0-7,64-71`. */
  cpus?: string;
  /** Who ran beside it, up to now; absent where nobody may. */
  neighbours?: NonNullable<RunRecord['neighbours']>;
}
