import type { RunOptions } from '../options.ts';
import type { Direction } from './decide.ts';

/** What differs from candidate to candidate. */
export const bisectSubjects = ['images', 'package', 'model'] as const;
export type BisectSubject = (typeof bisectSubjects)[number];

export const directions = ['higher', 'lower'] as const satisfies readonly Direction[];

/** Those of a run say how each candidate is built and executed; its `maxRepeats` and `warmup` count for each candidate. */
export interface BisectOptions extends RunOptions {
  /** Guessed from the others when undefined. */
  over: BisectSubject | undefined;
  /** A commit, or one of the images. */
  good: string | undefined;
  bad: string | undefined;
  /** In their order; or one file that holds them. */
  imageList: readonly string[];
  /** Needed where a run has several. */
  metric: string | undefined;
  direction: Direction | undefined;
  /** Percent. */
  minDifference: number;
}
