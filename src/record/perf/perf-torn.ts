import {
  appendFileSync,
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { stateFolder } from '../campaign/state-folder.ts';
import { type RawRow, RowSplitter } from './csv-rows.ts';
import type { PerfHeader } from './perf-header.ts';
import { isWholeRow } from './perf-line.ts';

const newline = 0x0a;

export function endsWithNewline(descriptor: number): boolean {
  const last = Buffer.alloc(1);
  readSync(descriptor, last, 0, 1, fstatSync(descriptor).size - 1);
  return last[0] === newline;
}

/**
 * Ends a last line that is whole; cuts off one that is not (its writer was killed, or the power went) after its bytes
 * were saved in `torn-rows.csv`, whose path is the answer then. The row itself comes back from its record.
 */
export function mendTornEnd(descriptor: number, file: string, header: PerfHeader): string | undefined {
  // The way through the whole file is the only one that knows which quotes are open; it is taken after a crash only.
  const row = header.ended ? lastRow(descriptor) : undefined;
  if (row && !isWholeRow(row, header.columns)) {
    const saved = save(file, row.bytes);
    ftruncateSync(descriptor, fstatSync(descriptor).size - row.bytes.length);
    fsyncSync(descriptor);
    return saved;
  }
  writeSync(descriptor, row?.bytes.at(-1) === 0x0d ? '\n' : header.lineEnd);
  return undefined;
}

function lastRow(descriptor: number): RawRow | undefined {
  const splitter = new RowSplitter();
  const chunk = Buffer.alloc(1024 * 1024);
  for (let position = 0; ; ) {
    const length = readSync(descriptor, chunk, 0, chunk.length, position);
    if (length === 0) return splitter.end();
    splitter.push(chunk.subarray(0, length));
    position += length;
  }
}

function save(file: string, bytes: Buffer): string {
  const path = join(stateFolder(dirname(file)), 'torn-rows.csv');
  const descriptor = openSync(path, 'a');
  try {
    appendFileSync(descriptor, Buffer.concat([bytes, Buffer.from('\n')]));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return path;
}
