import type { Job } from './job.ts';

/** What runs tell the one who fetches the images of later jobs; see `campaign/images/prefetch-images.ts`. */
export interface Prefetch {
  /** A job's own look for its image: it waits for the one that is on its way already, and nothing else is fetched beside it. */
  own<T>(job: Job, act: () => Promise<T>): Promise<T>;
  /** What must not be disturbed. */
  timed<T>(act: () => Promise<T>): Promise<T>;
}
