/** `bisect.json`: what a bisect looked through, what was measured, and why each step was judged as it was. */
import * as z from 'zod/mini';

const text = z.string();
const count = z.number();

const sideSchema = z.object({
  count,
  mean: z.number(),
  /** Of the interval that holds the mean with 95 % confidence. */
  low: z.number(),
  high: z.number(),
});

export const bisectSchema = z.object({
  schema: z.literal('madengine.bisect/1'),
  campaign: text,
  /** What differs from candidate to candidate: the image, the commit of the package, the commit of the card's `url`. */
  over: z.enum(['images', 'package', 'model']),
  /** Of `--tags`. */
  model: text,
  /** null until a run had one. */
  metric: z.nullable(text),
  /** What is better: as typed or as the card says; null where nobody says. */
  direction: z.nullable(z.enum(['higher', 'lower'])),
  /** From the good to the bad end. */
  candidates: z.array(
    z.object({
      /** Name of the image, or the whole commit id. */
      id: text,
      label: text,
      samples: z.array(
        z.object({
          /** Id of the run: its record has everything. */
          run: text,
          /** null where it gave none. */
          value: z.nullable(z.number()),
          /** Why it gave none. */
          problem: z.optional(text),
        }),
      ),
    }),
  ),
  /** null until they are judged. */
  ends: z.nullable(
    z.object({
      verdict: z.enum(['differ', 'alike', 'too close', 'better', 'unmeasurable']),
      good: z.nullable(sideSchema),
      bad: z.nullable(sideSchema),
      why: text,
    }),
  ),
  steps: z.array(
    z.object({
      /** Id of the candidate. */
      candidate: text,
      /** Ids of the candidates that were known to be good and bad then, next to each other. */
      known_good: text,
      known_bad: text,
      verdict: z.enum(['good', 'bad', 'skipped']),
      /** False where the samples did not say it clearly. */
      clear: z.boolean(),
      measured: z.nullable(sideSchema),
      /** What it was compared to: all samples of that side. */
      good: z.nullable(sideSchema),
      bad: z.nullable(sideSchema),
      /** Natural logarithm of how much likelier it is like the good side than like the bad one. */
      log_ratio: z.nullable(z.number()),
      why: text,
    }),
  ),
  /** null while it goes on. */
  result: z.nullable(
    z.object({
      verdict: z.enum(['found', 'among', 'alike', 'too_close', 'better', 'unmeasurable']),
      message: text,
      hint: z.optional(text),
      first_bad: z.nullable(text),
      last_good: z.nullable(text),
      /** Those that may be the first bad one. */
      suspects: z.array(text),
    }),
  ),
});

export type BisectLog = z.infer<typeof bisectSchema>;
