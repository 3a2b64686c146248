/** What a campaign leaves besides records and `perf.csv`: all of it is made from the records, and written whole. */
import { join, resolve } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { writeFileAtomic } from '../foundation/file/atomic-write.ts';
import { writeOutput } from '../foundation/file/write-output.ts';
import type { BuiltImage } from '../manifest/manifest-schema.ts';
import { commonInfo, entryJson, entryRows, rowsCsv } from '../record/perf/perf-entry.ts';
import { appendSuper, superEntries } from '../record/perf/perf-super.ts';
import type { RunRecord } from '../record/record-schema.ts';
import { nodeSummary, runSummary, workflowSummary } from '../record/run-summary.ts';
import type { OpenCampaign } from './open-campaign.ts';
import type { RunOptions, Surroundings } from './options.ts';

export interface CampaignResults {
  records: readonly RunRecord[];
  images: readonly BuiltImage[];
  /** The reference's summary of the build, when the same command built. */
  buildPhase: Readonly<Record<string, unknown>> | undefined;
  success: boolean;
  totalS: number;
}

/**
 * Throws when a file can't be written that an option names. Of the others, which nobody may have asked for, it only
 * tells.
 */
export async function writeResults(
  results: CampaignResults,
  options: Pick<RunOptions, 'summaryOutput' | 'junit' | 'report'>,
  campaign: OpenCampaign,
  around: Surroundings,
): Promise<void> {
  const { records, success, buildPhase, totalS } = results;
  const builds = new Map(results.images.map((image) => [image.docker_image, image]));
  const runPhase = runSummary({ records, builds, totalS });
  await writeBeside(records, { ...runPhase, overall_success: success }, campaign, around);
  if (options.summaryOutput !== undefined) {
    const file = resolve(around.cwd, options.summaryOutput);
    await writeOutput(file, json(workflowSummary({ buildPhase, runPhase, success })));
    campaign.emit({ type: 'file.written', kind: 'summary', path: file });
  }
  if (options.junit === undefined && options.report.length === 0) return;
  const { writeReports } = await import('./reports-asked.ts');
  await writeReports(options, { id: campaign.folder.id, records, success, totalS }, campaign, around);
}

/** The files under the reference's names beside `perf.csv`; the records, which they are made of, are on the disk. */
async function writeBeside(
  records: readonly RunRecord[],
  summary: Readonly<Record<string, unknown>>,
  { resultsRoot, folder, emit, before }: OpenCampaign,
  around: Surroundings,
): Promise<void> {
  if (records.length === 0) return;
  const rows = entryRows(records);
  const entries = records.flatMap(superEntries);
  // Those of a campaign that is resumed were added at its end, or when it was taken over.
  const added = records.filter((record) => !before.includes(record)).flatMap(superEntries);
  const common = commonInfo(records);
  const files: Readonly<Record<string, string>> = {
    'perf_entry.csv': rowsCsv(rows),
    'perf_entry.json': entryJson(rows),
    ...(common === undefined ? {} : { 'common_info.json': json(common) }),
    'perf_entry_super.csv': rowsCsv(entries),
    'perf_entry_super.json': entryJson(entries),
    'results_summary.json': json({ campaign_id: folder.id, ...summary, per_node: nodeSummary(records) }),
  };
  const writes = [
    ...Object.entries(files).map(([name, text]) =>
      writeFileAtomic(join(resultsRoot, name), text, { durable: false }),
    ),
    appendSuper(resultsRoot, added, around.clock),
  ];
  const reasons = new Map<string, Error>();
  for (const outcome of await Promise.allSettled(writes)) {
    if (outcome.status === 'rejected')
      reasons.set((outcome.reason as Error).message, outcome.reason as Error);
  }
  for (const [message, reason] of reasons) {
    const hint = reason instanceof MadError ? reason.hint : undefined;
    emit({
      type: 'notice',
      level: 'warning',
      code: 'RESULT_FILE',
      message: `not all files of results beside perf.csv are up to date: ${message}`,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

const json = (data: unknown): string => `${JSON.stringify(data, null, 2)}\n`;
