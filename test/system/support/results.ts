import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

export type Row = Record<string, string>;

/** The rows of a `perf.csv`; [] when there is none. */
export async function readRows(file: string): Promise<Row[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return parse(text, { columns: true, bom: true }) as Row[];
}

export interface StoredRecord {
  run: string;
  campaign: string;
  status: string;
  model: { name: string; args: string };
  failure: { class: string; stage: string | null; message: string; evidence?: string } | null;
  metrics: { name: string; value: number | null; row: string | null }[];
  [key: string]: unknown;
}

/** Every final record below a results root, in the order of their ids. */
export async function readRecords(resultsRoot: string): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for (const folder of await campaignFolders(resultsRoot)) {
    for (const run of (await names(join(folder, 'runs'))).sort()) {
      const text = await readFile(join(folder, 'runs', run, 'record.json'), 'utf8').catch(() => undefined);
      if (text !== undefined) records.push(JSON.parse(text) as StoredRecord);
    }
  }
  return records;
}

export async function campaignFolders(resultsRoot: string): Promise<string[]> {
  const root = join(resultsRoot, '.madengine', 'campaigns');
  return (await names(root)).sort().map((name) => join(root, name));
}

const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
