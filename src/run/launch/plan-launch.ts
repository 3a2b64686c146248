/** How a run's processes are started: its part of the plan. What spreads them by more than the usual is loaded on demand. */
import { isGiven } from '../../context/launch-values.ts';
import type { ModelCard } from '../../package/card.ts';
import { defaultMeeting, type LaunchOptions, type LaunchPlan, namesLaunch, passedOn } from './launch-plan.ts';

/** Throws INVALID_ARGUMENT, INVALID_FILE or INVALID_ENVIRONMENT for what context, card or environment can't mean. */
export async function planLaunch(options: LaunchOptions): Promise<LaunchPlan> {
  if (!namesLaunch(options.context, options.env) && !cardNamesLaunch(options.card)) {
    return { env: { ...usualLaunch(options.gpus), ...passedOn(options.env) }, files: {} };
  }
  const { namedLaunch } = await import('./named-launch.ts');
  return namedLaunch(options);
}

/** What every script may count on, as it was with the reference. */
const usualLaunch = (gpus: number): Record<string, string> => ({
  MAD_MULTI_NODE_RUNNER: `torchrun --standalone --nproc_per_node=${Math.max(1, gpus)}`,
  MAD_MULTI_NODE_NNODES: '1',
  MAD_MULTI_NODE_NODE_RANK: '0',
  MAD_MULTI_NODE_MASTER_ADDR: defaultMeeting.address,
  MAD_MULTI_NODE_MASTER_PORT: String(defaultMeeting.port),
});

const cardNamesLaunch = ({ extra }: ModelCard): boolean =>
  isGiven(extra.distributed) || isGiven(extra.nnodes);
