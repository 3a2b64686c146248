import type { RecordDraft } from '../../record/record-draft.ts';
import type { RunFailure } from '../../record/record-schema.ts';
import type { Slot } from '../../run/gpu/slot.ts';
import type { Job } from '../../run/job.ts';
import type { Skip } from '../../run/skip-reason.ts';
import type { StartedProgram } from '../../run/started-program.ts';
import type { Claim, Holding, Placement } from './place-jobs.ts';

/** A job on its way to its record. */
export interface Entry {
  job: Job;
  /** Counts from 0. */
  position: number;
  skip: Skip | undefined;
  /** Made by processes that went on with this campaign earlier. */
  attemptsBefore: number;
  /** The next attempt, where it is not the first: noted in the journal already. */
  begun?: RecordDraft;
  /** Of the attempt that begun: its program, which an earlier process started. */
  started?: StartedProgram;
  /** Why the attempt before failed. */
  last?: RunFailure;
  /** Monotonic seconds before which the next attempt doesn't start. */
  notBefore: number;
  /** GPUs that the attempt before failed on: others first. */
  avoid: readonly number[];
}

type Waiting = Claim & { entry: Entry };

export interface Granted extends Placement<Waiting> {
  slot: Slot;
}

/** Gives slots of this machine to jobs. */
export interface SlotGiver {
  /** `holders`: other programs that hold what jobs wait for, in words. */
  grant(waiting: readonly Waiting[], running: readonly Holding[]): { granted: Granted[]; holders: string[] };
  /** Tells a run and those beside it of each other. */
  introduce(begun: RecordDraft, slot: Slot): void;
  /** When a run is over. */
  release(slot: Slot): void;
}
