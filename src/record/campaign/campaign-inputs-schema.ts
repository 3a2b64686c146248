/** The two files of `campaign-inputs.ts`; loaded by those who read them. */
import * as z from 'zod/mini';

const object = z.record(z.string(), z.unknown());

/** `options.json`: there from the campaign's start. */
export const askedSchema = z.object({
  schema: z.literal('madengine.options/1'),
  /** Absolute current folder: the package, unless a snapshot took its place. */
  cwd: z.string(),
  /** Of `run`, by their names in the sources. */
  options: object,
  project_context: z.optional(object),
});

/** `jobs.json`: there once everything is built and the runs begin. */
export const plannedSchema = z.object({
  schema: z.literal('madengine.jobs/1'),
  /** Absolute. */
  manifest_file: z.string(),
  /** As it was then: the file may be another by now. */
  manifest: object,
  context: z.object({ values: object, origins: z.record(z.string(), z.string()) }),
  jobs: z.array(z.object({ card: object, image_name: z.string(), image: object })),
  build_failures: z.number(),
  /** Models without an image, as `FailedBuild` has them. */
  failed_builds: z.optional(z.array(object)),
  build_phase: z.optional(object),
});

export type CampaignAsked = Omit<z.infer<typeof askedSchema>, 'schema'>;
export type CampaignPlanned = Omit<z.infer<typeof plannedSchema>, 'schema'>;
