/** GPUs in a record. */
import * as z from 'zod/mini';

const text = z.string();
const number = z.optional(z.number());

/** The machine's GPUs; all but the first three are absent in older records, and where they are not known. */
export const gpuSchema = z.object({
  vendor: text,
  architecture: text,
  count: z.number(),
  /** Such as `AMD Instinct MI300X`. */
  product: z.optional(text),
  driver: z.optional(text),
  /** HIP, CUDA or oneAPI. */
  toolkit: z.optional(z.object({ name: text, version: text })),
});

/** One GPU at one moment; what could not be read is absent. */
const readingSchema = z.object({
  clock_mhz: number,
  memory_clock_mhz: number,
  temperature_c: number,
  power_w: number,
  utilisation_percent: number,
  memory_total_bytes: number,
  memory_free_bytes: number,
  /** Why it is slower than it could be, in its tool's words; [] for a GPU at full speed. */
  throttled: z.optional(z.array(text)),
  /** Of others, as nothing of ours runs then. */
  processes: z.optional(z.array(z.object({ pid: z.number(), name: text }))),
  /** Errors, counted by the driver: `ecc_uncorrected`, `ras_umc_corrected`, … */
  counters: z.optional(z.record(text, z.number())),
});

/** What a power or memory profiler sampled of one GPU while the model ran. */
export const gpuUsageSchema = z.object({
  /** As the profiler counts them. */
  gpu: z.number(),
  what: z.enum(['power', 'memory']),
  /** `W` for power, `%` of its memory for memory. */
  unit: text,
  samples: z.number(),
  mean: z.number(),
  median: z.number(),
  p95: z.number(),
  max: z.number(),
});

export const gpuHealthSchema = z.object({
  /** As in `placement`. */
  gpu: z.number(),
  uuid: z.optional(text),
  name: z.optional(text),
  serial: z.optional(text),
  /** Version of its firmware: the video BIOS, or what Intel calls so. */
  firmware: z.optional(text),
  /** A MIG slice: the GPU that it belongs to, which slice of it (from 0), and its profile, such as `1g.10gb`. */
  mig: z.optional(z.object({ parent: z.number(), slice: z.number(), profile: text })),
  before: z.nullable(readingSchema),
  /** null when the GPU did not answer, its tool gave no answer in time (a warning of the record says so), or the run was ended by a signal. */
  after: z.nullable(readingSchema),
});
