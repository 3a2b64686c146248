import * as z from 'zod/mini';

export const campaignSchemaName = 'madengine.campaign/1';

/** `campaign.json`: who runs a campaign, and how it ended. */
export const campaignSchema = z.object({
  schema: z.literal(campaignSchemaName),
  id: z.string(),
  command: z.string(),
  /** As typed, scrubbed. */
  argv: z.array(z.string()),
  madengine_version: z.string(),
  host: z.string(),
  boot_id: z.nullable(z.string()),
  pid: z.number(),
  /** Absolute, as it was then. */
  results_root: z.string(),
  /** Name of the `perf.csv` in the results root. */
  perf_csv: z.string().check(z.regex(/^[^/]+$/)),
  /** UTC, ISO 8601. */
  started_at: z.string(),
  /** Each time that `run --resume` went on with it. */
  resumed_at: z.optional(z.array(z.string())),
  ended_at: z.nullable(z.string()),
  exit_code: z.nullable(z.number()),
  /** Every record has its rows and what was outside is cleaned up: no start looks here again. */
  settled: z.boolean(),
  note: z.nullable(z.string()),
});

export type CampaignInfo = z.infer<typeof campaignSchema>;
