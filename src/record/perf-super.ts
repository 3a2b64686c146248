/**
 * `perf_super.*` and `perf_entry_super.*`: rows with what does not fit into a table, the settings that a model's
 * `--config` names and the further columns of its result file, as objects. `perf_super.json` grows with every campaign.
 */
import { join } from 'node:path';
import type { Clock } from '../foundation/clock.ts';
import { MadError } from '../foundation/error.ts';
import { writeFileAtomic } from '../foundation/file/atomic-write.ts';
import { readJsonFile } from '../foundation/file/json-file.ts';
import { withLock } from '../foundation/file/lock.ts';
import { rowsCsv } from './perf-entry.ts';
import { perfColumns, perfRows } from './perf-row.ts';
import type { RunRecord } from './record-schema.ts';
import { stateFolder } from './state-folder.ts';

export type SuperEntry = Readonly<Record<string, unknown>>;

export function superEntries(record: RunRecord): SuperEntry[] {
  const metrics = record.metrics.filter(({ column }) => column === undefined);
  return perfRows(record).map((row, index) => {
    const columns = metrics[index]?.columns ?? {};
    return {
      ...Object.fromEntries(perfColumns.map((name) => [name, row[name] ?? ''])),
      configs: record.configs ?? null,
      multi_results: Object.keys(columns).length === 0 ? null : columns,
    };
  });
}

/** Adds entries to the file of all campaigns. INVALID_FILE when that holds anything but a list; it is then left alone. */
export async function appendSuper(
  resultsRoot: string,
  entries: readonly SuperEntry[],
  clock: Clock,
): Promise<void> {
  const file = join(resultsRoot, 'perf_super.json');
  await withLock(
    join(stateFolder(resultsRoot), 'perf_super.json.lock'),
    async () => {
      const all = [...(await entriesIn(file)), ...entries];
      await Promise.all([
        writeFileAtomic(file, `${JSON.stringify(all, null, 1)}\n`, { durable: false }),
        writeFileAtomic(join(resultsRoot, 'perf_super.csv'), rowsCsv(all), { durable: false }),
      ]);
    },
    { clock },
  );
}

async function entriesIn(file: string): Promise<SuperEntry[]> {
  const data = await readIfThere(file);
  const isEntry = (one: unknown): one is SuperEntry =>
    typeof one === 'object' && one !== null && !Array.isArray(one);
  if (Array.isArray(data) && data.every(isEntry)) return data;
  throw new MadError('INVALID_FILE', `${file} holds no list of results, and nothing was added to it`, {
    hint: 'Move it away; the next run makes a new one.',
  });
}

async function readIfThere(file: string): Promise<unknown> {
  try {
    return await readJsonFile(file);
  } catch (error) {
    if (error instanceof MadError && error.code === 'FILE_NOT_FOUND') return [];
    throw error;
  }
}
