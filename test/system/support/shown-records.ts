import type { RunRecord } from '../../../src/record/record-schema.ts';
import { runCli } from './program.ts';

/** The records of the latest campaign, as `runs show` has them. */
export async function shownRecords(folder: string): Promise<RunRecord[]> {
  const shown = await runCli(['runs', 'show', '--json'], { cwd: folder });
  return JSON.parse(shown.stdout).records;
}
