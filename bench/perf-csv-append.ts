/**
 * One row appended to a perf.csv of 100,000 rows, against a bare write and fsync of the same bytes, and against the same
 * append to a file of 100 rows: the cost must not grow with the file.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '../src/foundation/clock.ts';
import { newId } from '../src/foundation/id.ts';
import { appendRows } from '../src/record/perf/perf-csv.ts';
import { type PerfRow, perfRows } from '../src/record/perf/perf-row.ts';
import { sampleRecord } from '../test/sample/record.ts';
import { compare, print, report } from './measure.ts';

const folder = await mkdtemp(join(tmpdir(), 'perf-csv-append-'));
const repeats = 300;
const row = (): PerfRow[] => perfRows(sampleRecord({ run: newId() }));

async function fileOf(rows: number): Promise<string> {
  const file = join(folder, String(rows), 'perf.csv');
  await appendRows(file, Array.from({ length: rows }, row).flat(), { clock });
  return file;
}

function bareAppend(file: string, bytes: Buffer): void {
  const descriptor = openSync(file, 'a');
  writeSync(descriptor, bytes);
  fsyncSync(descriptor);
  closeSync(descriptor);
}

try {
  const [small, large] = [await fileOf(100), await fileOf(100_000)];
  const before = (await stat(small)).size;
  await appendRows(small, row(), { clock });
  const bytes = Buffer.alloc((await stat(small)).size - before, 'x');

  const overBare = await compare(
    { name: 'write and fsync of the same bytes', act: () => bareAppend(join(folder, 'bare'), bytes) },
    { name: 'append to 100,000 rows', act: () => appendRows(large, row(), { clock }) },
    { repeats, warmUps: 50 },
  );
  const overSmall = await compare(
    { name: 'append to 100 rows', act: () => appendRows(small, row(), { clock }) },
    { name: 'append to 100,000 rows, beside it', act: () => appendRows(large, row(), { clock }) },
    { repeats, warmUps: 50 },
  );
  report('append to 100,000 rows over write and fsync', overBare.ratio);
  report('append to 100,000 rows over 100 rows', overSmall.ratio, 1.2);
  print('perf-csv-append', [overBare.baseline, overBare.candidate, overSmall.baseline, overSmall.candidate]);
} finally {
  await rm(folder, { recursive: true });
}
