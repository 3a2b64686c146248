import { join } from 'node:path';
import { type ExitCode, exitCode } from '../../foundation/error.ts';
import { shortId } from '../../foundation/id.ts';
import { campaignsFolder, runFolderIn } from '../../record/campaign/campaign-folder.ts';
import { campaignAt, recordsOf } from '../../record/campaign/campaign-list.ts';
import { findById } from '../../record/campaign/find-by-id.ts';
import { resultsOf } from '../../record/perf/perf-row.ts';
import { readRecord, recordPath } from '../../record/record-file.ts';
import type { RunRecord } from '../../record/record-schema.ts';
import type { CommandInput } from '../command.ts';
import { resultsRootOf } from '../results-root.ts';
import { durationText } from '../terminal/duration-text.ts';
import { widthOf } from '../terminal/output.ts';
import { recordLines } from '../terminal/record-text.ts';
import { safeLine } from '../terminal/safe-text.ts';
import { shellWords } from '../terminal/shell-words.ts';
import { statusCell } from '../terminal/summary.ts';
import { renderTable } from '../terminal/table.ts';

/** Shows a campaign with its runs, or one run; with `--json` what is on disk. */
export async function execute(input: CommandInput): Promise<ExitCode> {
  const { values, operands, around, stdout } = input;
  const root = resultsRootOf(values.output, around.cwd);
  const { campaign, run } = await findById(root, operands[0]);
  const folder = join(campaignsFolder(root), campaign);
  if (run === undefined) {
    await showCampaign(root, campaign, input);
    return exitCode.success;
  }
  const runFolder = runFolderIn(folder, run);
  const record = await readRecord(recordPath(runFolder));
  stdout.write(
    values.json ? `${JSON.stringify(record, null, 2)}\n` : `${recordLines(record, runFolder).join('\n')}\n`,
  );
  return exitCode.success;
}

async function showCampaign(root: string, id: string, input: CommandInput): Promise<void> {
  const { values, stdout, colours } = input;
  const listed = await campaignAt(root, id);
  const folder = join(campaignsFolder(root), id);
  const { records, without } = await recordsOf(folder);
  if (values.json) {
    const campaign = { ...listed?.info, progress: listed?.progress ?? 'died', folder };
    stdout.write(`${JSON.stringify({ campaign, records, without_record: without }, null, 2)}\n`);
    return;
  }
  const lines = [
    `campaign  ${id}`,
    ...(listed
      ? [
          `command   ${shellWords(['madengine-cli', ...listed.info.argv])}`,
          `started   ${listed.info.started_at} on ${listed.info.host}, version ${listed.info.madengine_version}`,
          `state     ${stateOf(listed.progress, listed.info.exit_code)}`,
        ]
      : []),
    `folder    ${folder}`,
  ].map(safeLine);
  const rows = records.map((record) => rowOf(record, input));
  for (const run of without) rows.push([run, '', listed?.progress === 'running' ? 'running' : 'no record']);
  const table =
    rows.length === 0
      ? ['No runs.']
      : renderTable(columns, rows, { width: widthOf(stdout), heading: colours.bold });
  stdout.write(`${[...lines, '', ...table].join('\n')}\n`);
}

const stateOf = (progress: string, code: number | null): string =>
  code === null ? progress : `${progress}, exit code ${code}`;

const columns = [
  { title: 'RUN', minimum: 36, narrow: shortId },
  { title: 'MODEL', minimum: 12 },
  { title: 'STATUS' },
  { title: 'ATTEMPT', align: 'right', minimum: 7, narrow: 'leave out' },
  { title: 'PERFORMANCE', align: 'right' },
  { title: 'METRIC' },
  { title: 'DURATION', align: 'right', minimum: 8 },
  { title: 'REASON', minimum: 12 },
] as const;

type Row = Parameters<typeof renderTable>[1][number][number][];

function rowOf(record: RunRecord, { colours }: CommandInput): Row {
  const results = resultsOf(record);
  const [metric, ...others] = results;
  return [
    record.run,
    record.model.name,
    statusCell(record.status, colours),
    record.attempt > 1 ? String(record.attempt) : '',
    others.length > 0 ? `${results.length} results` : (metric?.text ?? ''),
    others.length > 0 ? '' : (metric?.name ?? ''),
    durationText(record.durations.total_s),
    record.failure ? `${record.failure.class}: ${record.failure.message}` : (record.reason ?? ''),
  ];
}
