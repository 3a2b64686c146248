/**
 * `perf_super.*` and `perf_entry_super.*`: rows with what does not fit into a table, the settings that a model's
 * `--config` names and the further columns of its result file, as objects. `perf_super.*` grow with every campaign, at
 * their ends.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../foundation/clock.ts';
import { writeFileAtomic } from '../../foundation/file/atomic-write.ts';
import { withLock } from '../../foundation/file/lock.ts';
import { stateFolder } from '../campaign/state-folder.ts';
import type { Metric, RunRecord } from '../record-schema.ts';
import { appendToList, readList } from './json-list.ts';
import { appendRows } from './perf-csv.ts';
import { rowsCsv, textRow } from './perf-entry.ts';
import { countRunRows } from './perf-reader.ts';
import { perfColumns, perfRows } from './perf-row.ts';

export type SuperEntry = Readonly<Record<string, unknown>>;

export function superEntries(record: RunRecord): SuperEntry[] {
  const metrics = record.metrics.filter(({ column }) => column === undefined);
  return perfRows(record).map((row, index) => {
    const columns = metrics[index]?.columns ?? {};
    return {
      ...Object.fromEntries(perfColumns.map((name) => [name, row[name] ?? ''])),
      configs: configOf(record, metrics[index]),
      multi_results: Object.keys(columns).length === 0 ? null : columns,
    };
  });
}

/** Of a list of settings, those of the row's model and benchmark, else of its model, else the first, as the reference has it. */
function configOf({ configs, model }: RunRecord, metric: Metric | undefined): unknown {
  if (!Array.isArray(configs) || !configs.every(isSettings)) return configs ?? null;
  const names = new Set([metric?.row ?? model.name, `${model.name}_${metric?.row}`, model.name]);
  const fitting = configs.filter((one) => names.has(String(one.model)));
  const { benchmark } = metric?.columns ?? {};
  const closest = fitting.find((one) => benchmark !== undefined && String(one.benchmark) === benchmark);
  return closest ?? fitting[0] ?? configs[0] ?? null;
}

const isSettings = (one: unknown): one is Readonly<Record<string, unknown>> =>
  typeof one === 'object' && one !== null && !Array.isArray(one);

/** Adds entries to the files of all campaigns. INVALID_FILE when one holds something else; it is then left alone. */
export async function appendSuper(
  resultsRoot: string,
  entries: readonly SuperEntry[],
  clock: Clock,
): Promise<void> {
  const { list, table } = filesIn(resultsRoot);
  await withFiles(resultsRoot, clock, async () => {
    await makeMissingTable(list, table);
    await appendToList(list, entries);
    await appendRows(table, entries.map(textRow), { clock, durable: false });
  });
}

/** Adds those entries of the records which either file lacks; reads both, so it is for after a crash. */
export async function completeSuper(
  resultsRoot: string,
  records: readonly RunRecord[],
  clock: Clock,
): Promise<void> {
  if (records.length === 0) return;
  const { list, table } = filesIn(resultsRoot);
  const runs = new Set(records.map(({ run }) => run));
  const missing = (counts: ReadonlyMap<string, number>): SuperEntry[] =>
    records.flatMap((record) => superEntries(record).slice(counts.get(record.run) ?? 0));
  await withFiles(resultsRoot, clock, async () => {
    await makeMissingTable(list, table);
    await appendToList(list, missing(countEntries(readList(list))));
    const rows = missing(await countRunRows(table, runs)).map(textRow);
    if (rows.length > 0) await appendRows(table, rows, { clock, durable: false });
  });
}

const filesIn = (resultsRoot: string): { list: string; table: string } => ({
  list: join(resultsRoot, 'perf_super.json'),
  table: join(resultsRoot, 'perf_super.csv'),
});

const withFiles = (resultsRoot: string, clock: Clock, act: () => Promise<void>): Promise<void> =>
  withLock(join(stateFolder(resultsRoot), 'perf_super.json.lock'), act, { clock });

/** The list alone may be there: somebody's, or that of an earlier tool. */
async function makeMissingTable(list: string, table: string): Promise<void> {
  if (existsSync(table) || !existsSync(list)) return;
  await writeFileAtomic(table, rowsCsv(readList(list)), { durable: false });
}

function countEntries(entries: readonly SuperEntry[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { run_id: run } of entries) {
    if (typeof run === 'string') counts.set(run, (counts.get(run) ?? 0) + 1);
  }
  return counts;
}
