import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/foundation/clock.ts';
import { isId } from '../../src/foundation/id.ts';
import { appendRows } from '../../src/record/perf/perf-csv.ts';
import { startWriter, type Writer, type WriterOptions } from './support/perf-writers.ts';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perf-csv-system-'));
  file = join(folder, 'perf.csv');
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));

const start = (count: number, options: Omit<WriterOptions, 'file'>): Promise<Writer[]> =>
  Promise.all(Array.from({ length: count }, () => startWriter({ file, ...options })));
/** Read by another reader than ours, which refuses rows that are torn or of another width. */
const rows = async (): Promise<Record<string, string>[]> => parse(await readFile(file), { columns: true });
const runsIn = (list: readonly Record<string, string>[]): string[] => list.map((row) => row.run_id ?? '');

test('fifty writers with a hundred rows each keep five thousand rows, none doubled', async () => {
  const writers = await start(50, { rows: 100 });
  for (const { go } of writers) go();
  await Promise.all(writers.map(({ ended }) => ended));
  const written = writers.flatMap(({ done }) => done);
  expect(written).toHaveLength(5000);
  expect(runsIn(await rows()).toSorted()).toEqual(written.toSorted());
});

test('writers killed at any point leave whole rows only, and none is lost that was said to be written', async () => {
  const said: string[] = [];
  for (let round = 0; round < 12; round++) {
    const writers = await start(6, { rows: 10_000, paddingBytes: 30_000 });
    for (const { go } of writers) go();
    const soFar = (): number => writers.reduce((sum, { done }) => sum + done.length, 0);
    const enough = 1 + Math.random() * 30;
    while (soFar() < enough) await delay(1);
    await delay(Math.random() * 5);
    for (const { child } of writers) child.kill('SIGKILL');
    await Promise.all(writers.map(({ ended }) => ended));
    said.push(...writers.flatMap(({ done }) => done));
  }
  await appendRows(file, [], { clock: systemClock });
  const found = runsIn(await rows());
  expect(new Set(found).size).toBe(found.length);
  expect(found.every(isId)).toBe(true);
  expect(said.filter((run) => !new Set(found).has(run))).toEqual([]);
});

test('processes that add different columns at the same moment lose neither rows nor values', async () => {
  const columns = ['latency', 'batch', 'watts', 'tokens'];
  const writers = await Promise.all(columns.map((column) => startWriter({ file, rows: 40, column })));
  for (const { go } of writers) go();
  await Promise.all(writers.map(({ ended }) => ended));
  const found = await rows();
  expect(runsIn(found).toSorted()).toEqual(writers.flatMap(({ done }) => done).toSorted());
  for (const column of columns) {
    const values = found.map((row) => row[column]).filter((value) => value !== '');
    expect(values).toEqual(Array.from({ length: 20 }, (_, index) => String(index + 20)));
  }
  expect(await readdir(folder)).toEqual(['.madengine', 'perf.csv']);
});
