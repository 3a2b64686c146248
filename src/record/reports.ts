import { MadError } from '../foundation/error.ts';
import { nearestNames } from '../foundation/nearest-name.ts';
import type { Report } from './report.ts';

/** Each is loaded only for a campaign that asks for it. */
const reports: Readonly<Record<string, () => Promise<Report>>> = {
  junit: async () => (await import('./junit.ts')).junit,
};

export const reportNames: readonly string[] = Object.keys(reports);

/** `more`: reports of plugins. Throws INVALID_ARGUMENT for a name that no report has. */
export function findReport(
  name: string,
  more: ReadonlyMap<string, Report> = new Map(),
): () => Promise<Report> {
  const ofPlugin = more.get(name);
  if (ofPlugin) return async () => ofPlugin;
  const found = Object.hasOwn(reports, name) ? reports[name] : undefined;
  if (found) return found;
  const names = [...reportNames, ...more.keys()];
  const near = nearestNames(name, names, 1)[0];
  throw new MadError(
    'INVALID_ARGUMENT',
    `--report: there is no report ${JSON.stringify(name.slice(0, 60))}`,
    {
      hint: near === undefined ? `Reports: ${names.join(', ')}.` : `Did you mean ${near}?`,
    },
  );
}
