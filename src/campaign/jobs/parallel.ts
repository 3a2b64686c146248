import { availableParallelism } from 'node:os';
import type { Limits } from './place-jobs.ts';

/**
 * `--parallel`: so many jobs at the same time, or as many as the GPUs allow. Without GPUs to count, two CPUs for each job
 * keep neighbours from waiting for each other.
 */
export const limitsOf = (parallel: number | 'auto', cpus = availableParallelism()): Limits =>
  parallel === 'auto'
    ? { slots: Number.POSITIVE_INFINITY, plain: Math.max(1, Math.floor(cpus / 2)) }
    : { slots: parallel, plain: parallel };
