import { type Pruned, pruneCampaigns } from '../../campaign/images/prune-campaigns.ts';
import type { PrunedImage } from '../../campaign/images/prune-images.ts';
import { type ExitCode, exitCode, MadError } from '../../foundation/error.ts';
import { sizeText } from '../../foundation/size-text.ts';
import { findById } from '../../record/campaign/find-by-id.ts';
import { parseAge } from '../age.ts';
import type { CommandInput } from '../command.ts';
import { resultsRootOf } from '../results-root.ts';
import { widthOf } from '../terminal/output.ts';
import { safeLine } from '../terminal/safe-text.ts';
import { renderTable } from '../terminal/table.ts';

/** Removes campaigns that are over, by ids or by rules; with `--dry-run` it only says which. */
export async function execute(input: CommandInput): Promise<ExitCode> {
  const { values, operands, around, stdout } = input;
  const root = resultsRootOf(values.output, around.cwd);
  const { failed } = values;
  const keep = values.keep < 0 ? undefined : values.keep;
  const olderThanS = values['older-than'] === undefined ? undefined : parseAge(values['older-than']);
  if (operands.length === 0 && keep === undefined && olderThanS === undefined && !failed) {
    throw new MadError(
      'INVALID_ARGUMENT',
      'runs prune does not remove all campaigns unless it is told which',
      {
        hint: 'Say --keep N, --older-than 30d, --failed or ids; --keep 0 means all. --dry-run shows what would go.',
      },
    );
  }
  const ids: string[] = [];
  for (const typed of operands) ids.push(await campaignOf(root, typed));
  const wish = { ids, keep, olderThanS, failed };
  const images = values.images ? values.engine : undefined;
  const dryRun = values['dry-run'];
  const pruned = await pruneCampaigns({ resultsRoot: root, wish, images, dryRun }, around);
  stdout.write(values.json ? `${JSON.stringify(plain(pruned, dryRun), null, 2)}\n` : textOf(pruned, input));
  if (pruned.problem) throw pruned.problem;
  // Rules pass over what may not go; who names a campaign wants just that one gone.
  return ids.length > 0 && pruned.passedOver.length > 0 ? exitCode.failure : exitCode.success;
}

async function campaignOf(root: string, typed: string): Promise<string> {
  const { campaign, run } = await findById(root, typed);
  if (run === undefined) return campaign;
  throw new MadError('INVALID_ARGUMENT', `${typed} is a run of the campaign ${campaign}`, {
    hint: 'Only whole campaigns are removed: give the id of the campaign.',
  });
}

const total = (things: readonly { bytes: number }[]): number =>
  things.reduce((sum, { bytes }) => sum + bytes, 0);

const gone = (images: readonly PrunedImage[]): PrunedImage[] =>
  images.filter(({ kept }) => kept === undefined);

const plain = ({ campaigns, images, passedOver }: Pruned, dryRun: boolean): unknown => ({
  dry_run: dryRun,
  campaigns: campaigns.map(({ campaign: { id, info }, bytes }) => ({
    id,
    command: info.command,
    started_at: info.started_at,
    exit_code: info.exit_code,
    bytes,
  })),
  images: images.map(({ kept, ...image }) => ({ ...image, kept: kept ?? null })),
  passed_over: passedOver,
  bytes: total(campaigns),
  image_bytes: total(gone(images)),
});

function textOf(
  { campaigns, images, passedOver }: Pruned,
  { values, stdout, colours }: CommandInput,
): string {
  const width = widthOf(stdout);
  const lines: string[] = [];
  const table = (columns: Parameters<typeof renderTable>[0], rows: string[][]): void => {
    if (rows.length > 0) lines.push(...renderTable(columns, rows, { width, heading: colours.bold }), '');
  };
  table(
    [{ title: 'CAMPAIGN', minimum: 36 }, { title: 'STARTED' }, { title: 'COMMAND' }, size],
    campaigns.map(({ campaign: { id, info }, bytes }) => [
      id,
      info.started_at.slice(0, 19).replace('T', ' '),
      info.command,
      sizeText(bytes),
    ]),
  );
  table(
    [{ title: 'IMAGE', minimum: 20 }, size, { title: 'KEPT', minimum: 20 }],
    images.map(({ id, name, bytes, kept }) => [name || id, sizeText(bytes), kept ? `kept: ${kept}` : '']),
  );
  for (const { id, reason } of passedOver) lines.push(safeLine(`${id} stays: ${reason}`));
  const removed = gone(images);
  const ofImages =
    removed.length === 0
      ? ''
      : `, and ${counted(removed.length, 'image')}, up to ${sizeText(total(removed))}`;
  const what = `${counted(campaigns.length, 'campaign')}, ${sizeText(total(campaigns))}${ofImages}`;
  lines.push(values['dry-run'] ? `Would remove ${what}.` : `Removed ${what}.`);
  return `${lines.join('\n')}\n`;
}

const size = { title: 'SIZE', align: 'right', minimum: 8 } as const;

const counted = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
