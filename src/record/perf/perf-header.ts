import { readSync } from 'node:fs';
import { MadError } from '../../foundation/error.ts';
import { csvFields, type RawRow, RowSplitter } from './csv-rows.ts';

export interface PerfHeader {
  /** Trimmed: the reference's first version wrote `model, n_gpus, …`. */
  columns: readonly string[];
  /** As it stands in the file, byte order mark included, without its line end. */
  bytes: Buffer;
  /** What ends the header ends our rows too, or readers that take the first line end for all would fail. */
  lineEnd: '\n' | '\r\n';
  /** False when nothing ends it: then it is all that the file holds. */
  ended: boolean;
}

/** A header takes half a kilobyte; each further chunk is twice as long. */
const firstChunkBytes = 2048;
/** More than any header: what goes on without a line end beyond this is another kind of file. */
const longestHeader = 4 * 1024 * 1024;

/**
 * The header that was read last, with its line end: who appends row after row finds the same one, and taking it apart is
 * a tenth of the work of a row.
 */
let last: { start: Buffer; header: PerfHeader } | undefined;

/** The header of an open file; undefined when the file is empty. INVALID_FILE when it is no `perf.csv`. */
export function readHeader(descriptor: number, file: string): PerfHeader | undefined {
  const first = chunkAt(descriptor, 0, firstChunkBytes);
  if (last && first.subarray(0, last.start.length).equals(last.start)) return last.header;
  const row = firstRow(first, descriptor, file);
  if (!row) return undefined;
  const header = headerOf(row);
  if (!header.columns.includes('model')) throw noPerfCsv(file, 'its first line has no column "model"');
  if (header.ended) last = { start: Buffer.concat([row.bytes, Buffer.from(row.lineEnd)]), header };
  return header;
}

export function headerOf(row: RawRow): PerfHeader {
  const columns = csvFields(row.bytes).map((name) => name.replace(/^\uFEFF/, '').trim());
  return { columns, bytes: row.bytes, lineEnd: row.lineEnd || '\n', ended: row.lineEnd !== '' };
}

function firstRow(first: Buffer, descriptor: number, file: string): RawRow | undefined {
  const splitter = new RowSplitter();
  let chunk = first;
  let bytes = firstChunkBytes;
  for (let position = 0; position < longestHeader; ) {
    const row = splitter.push(chunk)[0];
    if (row) return row;
    if (chunk.length < bytes) return splitter.end();
    position += bytes;
    bytes *= 2;
    chunk = chunkAt(descriptor, position, bytes);
  }
  throw noPerfCsv(file, 'its first line has no end');
}

function chunkAt(descriptor: number, position: number, bytes: number): Buffer {
  const chunk = Buffer.allocUnsafe(bytes);
  return chunk.subarray(0, readSync(descriptor, chunk, 0, bytes, position));
}

function noPerfCsv(file: string, reason: string): MadError {
  return new MadError('INVALID_FILE', `${file} is not a perf.csv: ${reason}`, {
    hint: 'Name another file with --output, or move this one away; it was not changed.',
  });
}
