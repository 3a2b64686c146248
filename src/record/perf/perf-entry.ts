/** `perf_entry.*`: the rows that one campaign added to `perf.csv`, for those who load only what is new. */

import { cleanText } from '../output/clean-text.ts';
import type { RunRecord } from '../record-schema.ts';
import { csvField, csvRow } from './csv-rows.ts';
import { type PerfRow, perfColumns, perfRows, referenceColumns } from './perf-row.ts';

export const entryRows = (records: readonly RunRecord[]): PerfRow[] => records.flatMap(perfRows);

/** One object for one row, a list for several, as the reference has it. */
export function entryJson(rows: readonly object[]): string {
  return `${JSON.stringify(rows.length === 1 ? rows[0] : rows, null, 2)}\n`;
}

/**
 * `common_info.json`: what the rows of the last result file have in common, as `report update-perf --common-info` takes
 * it beside such a file; undefined when no model wrote one.
 */
export function commonInfo(records: readonly RunRecord[]): PerfRow | undefined {
  const record = records.findLast(({ metrics }) => metrics.some(({ row }) => row !== null));
  const [row] = record ? perfRows(record) : [];
  if (!row) return undefined;
  const own = ['model', 'performance', 'metric', 'status'];
  const names = referenceColumns.filter((name) => !own.includes(name));
  return Object.fromEntries(names.map((name) => [name, row[name] ?? '']));
}

/** All columns of all rows; what is no text stands as JSON in its cell. */
export function rowsCsv(
  rows: readonly Readonly<Record<string, unknown>>[],
  first: readonly string[] = perfColumns,
): string {
  const columns = [...new Set([...first, ...rows.flatMap((row) => Object.keys(row))])];
  const lines = rows.map((row) =>
    csvRow(columns.map((name) => cell(Object.hasOwn(row, name) ? row[name] : ''))),
  );
  return [columns.map((name) => csvField(name)).join(','), ...lines, ''].join('\n');
}

/** The same as a row of text, for `appendRows`. */
export const textRow = (row: Readonly<Record<string, unknown>>): PerfRow =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cell(value)]));

const cell = (value: unknown): string =>
  cleanText(
    typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value),
  );
