import type { RunOptions, Surroundings } from './options.ts';

/** Whether target and reports are there that were named, before hours of work. Throws INVALID_ARGUMENT. */
export async function checkPlaces(
  options: Pick<RunOptions, 'target' | 'junit' | 'report'>,
  around: Surroundings,
): Promise<void> {
  const { target, report } = options;
  if (target !== 'local') (await import('../target/registry.ts')).findTarget(target, around.plugins?.targets);
  if (report.length > 0) (await import('./reports-asked.ts')).checkReports(options, around);
}
