/** What can be told of launchers and nodes before any card is looked at. It knows nothing of GPUs: builds need it, too. */
import {
  address,
  isGiven,
  launcherName,
  nodeCount,
  nodeRank,
  port,
  processCount,
} from '../../context/launch-values.ts';
import { findLauncher } from '../../stage/launcher/registry.ts';
import type { LaunchOptions } from './launch-plan.ts';
import { firstOf, type LaunchSources, launchSources } from './launch-sources.ts';

/** The launcher that context, card or environment names. Throws as `findLauncher` and `firstOf` do. */
export function launcherOf(
  sources: LaunchSources,
  more?: LaunchOptions['launchers'],
): ReturnType<typeof findLauncher> {
  const places = [
    sources.launcherName,
    sources.distributed('launcher'),
    sources.multiNodeArgs('RUNNER'),
    sources.card('launcher'),
    sources.environment('MAD_LAUNCHER'),
  ];
  const place = places.find(({ value }) => isGiven(value));
  return findLauncher(firstOf(launcherName, places) ?? 'torchrun', place?.where ?? 'the default', more);
}

/**
 * What context and environment say before any card is looked at. Throws as `launcherOf` and `firstOf` do, so that a slip
 * costs no build.
 */
export function checkLaunch({
  context,
  env,
  launchers,
}: Pick<LaunchOptions, 'context' | 'env' | 'launchers'>): void {
  const none = { name: 'every model', extra: {} } as LaunchOptions['card'];
  const sources = launchSources({ card: none, context, env });
  launcherOf(sources, launchers);
  firstOf(nodeCount, [sources.environment('NNODES')]);
  firstOf(nodeRank, [sources.environment('NODE_RANK')]);
  firstOf(address, [sources.environment('MASTER_ADDR')]);
  firstOf(port, [sources.environment('MASTER_PORT')]);
  firstOf(processCount, [sources.environment('NPROC_PER_NODE')]);
}
