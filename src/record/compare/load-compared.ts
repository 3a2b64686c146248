/** Runs as `compareRecords` wants them: with the context and the host facts that their campaign keeps by hash. */
import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { readJsonFile } from '../../foundation/file/json-file.ts';
import { campaignsFolder, runFolderIn } from '../campaign/campaign-folder.ts';
import { recordsOf } from '../campaign/campaign-list.ts';
import type { Found } from '../campaign/find-by-id.ts';
import { readRecord, recordPath } from '../record-file.ts';
import type { RunRecord } from '../record-schema.ts';
import type { ComparedRun } from './compare-records.ts';

/** All runs of a campaign, or the one run. Throws FILE_NOT_FOUND for a run that has no record yet. */
export async function loadCompared(resultsRoot: string, { campaign, run }: Found): Promise<ComparedRun[]> {
  const folder = join(campaignsFolder(resultsRoot), campaign);
  const records =
    run === undefined
      ? (await recordsOf(folder)).records
      : [await readRecord(recordPath(runFolderIn(folder, run)))];
  const kept = new Map<string, Promise<Plain | undefined>>();
  const keptBy = (kind: 'context' | 'host', hash: string | null): Promise<Plain | undefined> => {
    if (hash === null || !/^[0-9a-f]{64}$/.test(hash)) return Promise.resolve(undefined);
    const path = join(folder, kind, `${hash}.json`);
    const known = kept.get(path) ?? readPlain(path);
    kept.set(path, known);
    return known;
  };
  return Promise.all(records.map((record) => withKept(record, keptBy)));
}

type Plain = Readonly<Record<string, unknown>>;

async function withKept(
  record: RunRecord,
  keptBy: (kind: 'context' | 'host', hash: string | null) => Promise<Plain | undefined>,
): Promise<ComparedRun> {
  const [stored, host] = await Promise.all([
    keptBy('context', record.context),
    keptBy('host', record.host_facts),
  ]);
  const context = isPlain(stored?.values) ? stored.values : undefined;
  return { record, ...(context ? { context } : {}), ...(host ? { host } : {}) };
}

/** Undefined where somebody removed it. */
async function readPlain(path: string): Promise<Plain | undefined> {
  try {
    const data = await readJsonFile(path);
    return isPlain(data) ? data : undefined;
  } catch (error) {
    if (error instanceof MadError) return undefined;
    throw error;
  }
}

const isPlain = (data: unknown): data is Plain =>
  typeof data === 'object' && data !== null && !Array.isArray(data);
