import { type AppendOptions, type AppendResult, appendRows } from './perf-csv.ts';
import type { PerfRow } from './perf-row.ts';

export interface PerfWriter {
  /** Resolves once these rows are on the disk; rejects as `appendRows` does. */
  append(rows: readonly PerfRow[]): Promise<AppendResult>;
}

interface Waiting {
  rows: readonly PerfRow[];
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

/** Rows that come while others are being written wait and then go out together, under one lock with one fsync. */
export function perfWriter(file: string, options: AppendOptions): PerfWriter {
  let waiting: Waiting[] = [];
  let writing = false;

  const writeAll = async (): Promise<void> => {
    writing = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const result = await appendRows(
          file,
          batch.flatMap(({ rows }) => rows),
          options,
        );
        for (const { resolve } of batch) resolve(result);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    writing = false;
  };

  const append = (rows: readonly PerfRow[]): Promise<AppendResult> =>
    new Promise((resolve, reject) => {
      waiting.push({ rows, resolve, reject });
      if (!writing) void writeAll();
    });
  return { append };
}
