/**
 * Fifty processes append a hundred rows each to one perf.csv, one row at a time. The result is how long the slowest
 * waited in all, from the moment when all of them were loaded; the same rows written by one process stand beside it.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWriter } from '../test/system/support/perf-writers.ts';
import { measure, print, report } from './measure.ts';

const folder = await mkdtemp(join(tmpdir(), 'perf-csv-writers-'));
let file = 0;

async function write(writers: number, rows: number): Promise<number> {
  const path = join(folder, `${file++}.csv`);
  const all = await Promise.all(Array.from({ length: writers }, () => startWriter({ file: path, rows })));
  for (const { go } of all) go();
  await Promise.all(all.map(({ ended }) => ended));
  const lines = (await readFile(path, 'utf8')).split('\n').length - 2;
  if (lines !== writers * rows) throw new Error(`${lines} rows instead of ${writers * rows}`);
  return Math.max(...all.map(({ tookS }) => tookS() ?? Number.NaN));
}

try {
  const one = await measure('one writer, 5,000 rows', () => write(1, 5000), { repeats: 3, warmUps: 0 });
  const fifty = await measure('50 writers, 100 rows each', () => write(50, 100), { repeats: 3, warmUps: 0 });
  report('seconds until all 50 are through', fifty.medianS, 5, ' s');
  report('over one writer with the same rows', fifty.medianS / one.medianS);
  print('perf-csv-writers', [one, fifty]);
} finally {
  await rm(folder, { recursive: true });
}
