import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ExitCode, exitCode, exitCodes, MadError } from '../../foundation/error.ts';
import { eventSchema } from '../../foundation/event-schema.ts';
import { readCampaignFile } from '../../record/campaign/campaign-file.ts';
import { campaignsFolder } from '../../record/campaign/campaign-folder.ts';
import { campaignState } from '../../record/campaign/campaign-state.ts';
import { findById } from '../../record/campaign/find-by-id.ts';
import { followEvents } from '../../record/campaign/follow-events.ts';
import type { CommandInput } from '../command.ts';
import { resultsRootOf } from '../results-root.ts';
import { chooseRenderer } from '../terminal/choose-renderer.ts';

/** Shows a campaign's events from its start, and on until it is over. Ends with its exit code. */
export async function execute({ values, operands, around, stdout, stderr }: CommandInput): Promise<ExitCode> {
  const { cwd, env, clock, signal } = around;
  const root = resultsRootOf(values.output, cwd);
  const { campaign } = await findById(root, operands[0]);
  const folder = join(campaignsFolder(root), campaign);
  const info = await readCampaignFile(folder);
  const renderer = await chooseRenderer(
    { json: values.json, verbose: values.verbose },
    { stdout, stderr, env, clock, cwd },
  );
  let code: unknown;
  const ending = await followEvents({
    folder,
    clock,
    signal,
    // Also where this user may not see it.
    isAlive: () => existsSync(root) && campaignState(root, campaign) !== 'dead',
    onEvent: (event) => {
      if (event.type === 'campaign.ended') code = event.exit_code;
      if (typeof event.seq === 'number') around.events.goOnBehind(event.seq);
      if (values.json) stdout.write(`${JSON.stringify(event)}\n`);
      // A later version's log may have events that this one can't show.
      const known = values.json ? undefined : eventSchema.safeParse(event);
      if (known?.success) renderer.listen(known.data);
    },
  }).finally(() => renderer.stop());
  if (ending === 'ended') return exitCodes.find((known) => known === code) ?? exitCode.failure;
  if (ending === 'stopped') return exitCode.success;
  throw new MadError('RUN_FAILED', `the campaign ${campaign} died before its end`, {
    hint: `Go on with \`madengine-cli run --resume ${campaign}\`${info ? ` on ${info.host}` : ''}.`,
  });
}
