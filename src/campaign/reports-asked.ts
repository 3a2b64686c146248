/** Reports that a campaign was asked for: `--report NAME=FILE`, and `--junit FILE` as its short form. */
import { resolve } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { writeOutput } from '../foundation/file/write-output.ts';
import type { Report, ReportedCampaign } from '../record/report.ts';
import { findReport } from '../record/reports.ts';
import type { OpenCampaign } from './open-campaign.ts';
import type { RunOptions, Surroundings } from './options.ts';

export interface ReportAsked {
  name: string;
  /** As typed. */
  file: string;
  /** The option as messages name it. */
  option: string;
}

/** Throws INVALID_ARGUMENT for what isn't written as NAME=FILE. */
export function reportsAsked({ junit, report }: Pick<RunOptions, 'junit' | 'report'>): ReportAsked[] {
  const asked = report.map((typed) => {
    const at = typed.indexOf('=');
    const [name, file] = [typed.slice(0, at), typed.slice(at + 1)];
    if (at < 1 || file === '') {
      throw new MadError('INVALID_ARGUMENT', `--report ${JSON.stringify(typed)} is not NAME=FILE`, {
        hint: 'Write the name of a report and the file that it goes to: --report junit=results.xml.',
      });
    }
    return { name, file, option: `--report ${name}=` };
  });
  return junit === undefined ? asked : [{ name: 'junit', file: junit, option: '--junit' }, ...asked];
}

/** Throws INVALID_ARGUMENT for a report that nobody knows. */
export function checkReports(options: Pick<RunOptions, 'junit' | 'report'>, { plugins }: Surroundings): void {
  for (const { name } of reportsAsked(options)) findReport(name, plugins?.reports);
}

/** Writes all that can be written, then throws for the first that can't. */
export async function writeReports(
  options: Pick<RunOptions, 'junit' | 'report'>,
  reported: ReportedCampaign,
  { emit }: OpenCampaign,
  { cwd, plugins }: Surroundings,
): Promise<void> {
  const failures: unknown[] = [];
  for (const { name, file } of reportsAsked(options)) {
    try {
      const report: Report = await findReport(name, plugins?.reports)();
      const path = resolve(cwd, file);
      await writeOutput(path, await report.render(reported));
      emit({ type: 'file.written', kind: report.title, path });
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
