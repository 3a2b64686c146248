/** What is needed to run a job again besides card, image and context. Sizes in bytes. */
import * as z from 'zod/mini';

const text = z.string();
const number = z.optional(z.number());

/** The machine on which it ran. */
export const machineSchema = z.object({
  os: text,
  kernel: text,
  architecture: text,
  /** The processor's model. */
  cpu: text,
  cpus: z.number(),
  memory_bytes: z.number(),
  /** How the first CPU chooses its clock, such as `performance`; absent where the kernel doesn't say. */
  cpu_governor: z.optional(text),
  /** Whether CPUs may go above their nominal clock. */
  cpu_boost: z.optional(z.boolean()),
  /** The kernel moves memory between NUMA nodes by itself. */
  numa_balancing: z.optional(z.boolean()),
  /** What the control group of madengine itself allows, as under Slurm or in a pod; absent where nothing is limited. */
  limits: z.optional(z.object({ cpus: number, cpu_set: z.optional(text), memory_bytes: number })),
});

/** The program that ran it. */
export const programSchema = z.object({
  version: text,
  node: text,
  /** The command line as typed, without secrets. */
  argv: z.array(text),
  /** Every option of the command with its value in force, by its name with `_`. */
  options: z.record(text, z.unknown()),
  /** Of the user; absent where none was loaded. */
  plugins: z.optional(
    z.array(
      z.object({
        kind: text,
        name: text,
        /** As typed. */
        file: text,
        sha256: text,
      }),
    ),
  ),
});

/** A command of the container engine; secrets stand there by name. */
export const commandSchema = z.object({
  /** `start` makes the container, `run` runs the program of stages in it. */
  title: z.enum(['start', 'run']),
  argv: z.array(text),
});
