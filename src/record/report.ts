/** What a report is: one file for each, and one line in `reports.ts`. */
import type { RunRecord } from './record-schema.ts';

/** A campaign that is over. */
export interface ReportedCampaign {
  /** Its id. */
  id: string;
  /** The last record of each of its jobs, in the manifest's order; final, and without secrets. */
  records: readonly RunRecord[];
  /** Whether nothing failed. */
  success: boolean;
  /** Seconds that the runs took. */
  totalS: number;
}

export interface Report {
  name: string;
  /** How messages call its file, such as `JUnit report`. */
  title: string;
  /** The whole content of its file. */
  render(campaign: ReportedCampaign): string | Promise<string>;
}
