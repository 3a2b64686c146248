import { type ExitCode, exitCode } from '../../foundation/error.ts';
import { shortId } from '../../foundation/id.ts';
import { type ListedCampaign, listCampaigns } from '../../record/campaign/campaign-list.ts';
import type { CommandInput } from '../command.ts';
import { resultsRootOf } from '../results-root.ts';
import { durationText } from '../terminal/duration-text.ts';
import { widthOf } from '../terminal/output.ts';
import { type Cell, renderTable } from '../terminal/table.ts';

/** Lists the campaigns of a results root: a table, or an array with `--json`. */
export async function execute(input: CommandInput): Promise<ExitCode> {
  const { values, around, stdout, colours } = input;
  const root = resultsRootOf(values.output, around.cwd);
  const { campaigns, unreadable } = await listCampaigns(root);
  for (const { id, reason } of unreadable) {
    const message = `the campaign ${id} can't be read: ${reason}`;
    around.events.emit({ type: 'notice', level: 'warning', code: 'CAMPAIGN_UNREADABLE', message });
  }
  if (values.json) {
    stdout.write(`${JSON.stringify(campaigns.map(plain), null, 2)}\n`);
  } else if (campaigns.length === 0) {
    const none =
      unreadable.length > 0
        ? `No campaign in ${root} can be read.`
        : `No campaigns in ${root}. \`madengine-cli run\` makes one; --output names another folder.`;
    stdout.write(`${none}\n`);
  } else {
    const rows = campaigns.map((campaign) => rowOf(campaign, input));
    stdout.write(
      `${renderTable(columns, rows, { width: widthOf(stdout), heading: colours.bold }).join('\n')}\n`,
    );
  }
  return exitCode.success;
}

const plain = ({ path, info, progress, counts, durationS }: ListedCampaign): unknown => ({
  ...info,
  progress,
  folder: path,
  duration_s: durationS ?? null,
  counts: counts ?? null,
});

const columns = [
  { title: 'CAMPAIGN', minimum: 36, narrow: shortId },
  { title: 'STARTED', minimum: 16, narrow: (started: string) => started.slice(5, 16) },
  { title: 'COMMAND', minimum: 7 },
  { title: 'STATE', minimum: 7 },
  { title: 'OK', align: 'right', minimum: 2 },
  { title: 'FAILED', align: 'right', minimum: 6 },
  { title: 'SKIPPED', align: 'right', minimum: 7 },
  { title: 'DURATION', align: 'right', minimum: 8 },
  { title: 'EXIT', align: 'right', minimum: 4 },
  { title: 'ARGUMENTS', minimum: 10, narrow: 'leave out' },
] as const;

function rowOf({ id, info, progress, counts, durationS }: ListedCampaign, { colours }: CommandInput): Cell[] {
  const text = (value: unknown): Cell => ({
    text: value === undefined || value === null ? '' : String(value),
  });
  const isGood = progress === 'ended' && info.exit_code === 0;
  return [
    text(id),
    text(info.started_at.slice(0, 19).replace('T', ' ')),
    text(info.command),
    {
      text: progress,
      style: isGood
        ? colours.green
        : progress === 'running' || progress === 'unknown'
          ? colours.yellow
          : colours.red,
    },
    text(counts?.succeeded),
    text(counts?.failed),
    text(counts?.skipped),
    text(durationS === undefined ? '' : durationText(durationS)),
    text(info.exit_code),
    text(info.argv.slice(1).join(' ')),
  ];
}
