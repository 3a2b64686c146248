import { createReadStream } from 'node:fs';
import { errnoOf } from '../../foundation/file/errno.ts';
import { csvFields, type RawRow, RowSplitter } from './csv-rows.ts';
import { headerOf, type PerfHeader } from './perf-header.ts';
import { isWholeRow } from './perf-line.ts';
import type { PerfRow } from './perf-row.ts';

/** The rows of a `perf.csv` one after another; none when there is no file. A torn last line is no row. */
export async function* readPerfCsv(file: string): AsyncGenerator<PerfRow> {
  for await (const { header, rows } of rawRows(file)) {
    for (const row of rows) yield perfRowOf(header.columns, csvFields(row.bytes));
  }
}

/** How many rows the file has of each of these runs; a run without any is missing from the answer. */
export async function countRunRows(
  file: string,
  runs: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for await (const { header, rows } of rawRows(file)) {
    const column = header.columns.indexOf('run_id');
    if (column === -1) return counts;
    for (const row of rows) {
      const run = csvFields(row.bytes)[column];
      if (run !== undefined && runs.has(run)) counts.set(run, (counts.get(run) ?? 0) + 1);
    }
  }
  return counts;
}

async function* rawRows(file: string): AsyncGenerator<{ header: PerfHeader; rows: RawRow[] }> {
  const splitter = new RowSplitter();
  let header: PerfHeader | undefined;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
      const rows = splitter.push(chunk);
      const first = header ? undefined : rows.shift();
      if (first) header = headerOf(first);
      if (header) yield { header, rows: rows.filter(({ bytes }) => bytes.length > 0) };
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  const last = splitter.end();
  if (header && last && isWholeRow(last, header.columns)) yield { header, rows: [last] };
}

function perfRowOf(columns: readonly string[], values: readonly string[]): PerfRow {
  return Object.fromEntries(columns.map((name, index) => [name, values[index] ?? '']));
}
