import { isId } from '../../foundation/id.ts';
import { cleanText } from '../output/clean-text.ts';
import { csvField, csvFields, csvRow, type RawRow } from './csv-rows.ts';
import type { PerfRow } from './perf-row.ts';

/** Rows aligned by column name, each with its line end. */
export function perfLines(columns: readonly string[], rows: readonly PerfRow[], lineEnd: string): string {
  return rows.map((row) => perfLine(columns, row) + lineEnd).join('');
}

function perfLine(columns: readonly string[], row: PerfRow): string {
  return csvRow(columns.map((name) => (Object.hasOwn(row, name) ? cleanText(row[name] ?? '') : '')));
}

/** A header without its line end. */
export const headerLine = (columns: readonly string[]): string =>
  columns.map((name) => csvField(name)).join(',');

/**
 * Whether a last row that no line end follows is all there. Ours end with a quote (one whose last value has quotes can
 * look so when cut between two of them); of others only the fields can be counted.
 */
export function isWholeRow(row: RawRow, columns: readonly string[]): boolean {
  if (row.fields < columns.length || !row.closed) return false;
  const runId = csvFields(row.bytes)[columns.indexOf('run_id')];
  if (runId === undefined || !isId(runId)) return true;
  return /"\r?$/.test(row.bytes.subarray(-2).toString('latin1'));
}
