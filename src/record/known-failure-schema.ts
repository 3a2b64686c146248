import * as z from 'zod/mini';
import { failureClasses } from './record-schema.ts';

/** The file of `run --known-failures`. */
export const knownFailuresSchema = z.array(
  z.strictObject({
    /** Name of the model, as in `perf.csv`. */
    model: z.string().check(z.minLength(1)),
    /** Only with these arguments; with any when absent. */
    args: z.optional(z.string()),
    /** Only when it fails like this; when absent, of anything but a signal or a deadline. */
    class: z.optional(z.enum(failureClasses)),
    /** Why it fails, such as the number of an issue. */
    reason: z.string().check(z.minLength(1)),
  }),
);

export type KnownFailure = z.infer<typeof knownFailuresSchema>[number];
