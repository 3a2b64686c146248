import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleMetric, sampleRecord } from '../../../test/sample/record.ts';
import { systemClock } from '../../foundation/clock.ts';
import { appendToList } from './json-list.ts';
import { appendSuper, completeSuper, superEntries } from './perf-super.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'perf-super-'));
});
afterEach(() => rm(root, { recursive: true }));

const read = async (): Promise<Record<string, unknown>[]> =>
  JSON.parse(await readFile(join(root, 'perf_super.json'), 'utf8'));

test('an entry holds the row, the further columns as an object, and the configuration', () => {
  const metrics = [sampleMetric({ row: 'a', columns: { batch: '32' } })];
  const [entry] = superEntries(sampleRecord({ metrics, configs: { lr: 0.1 } }));
  expect(entry).toMatchObject({ model: 'dummy_a', multi_results: { batch: '32' }, configs: { lr: 0.1 } });
  expect(entry).not.toHaveProperty('batch');
  expect(superEntries(sampleRecord())[0]).toMatchObject({ multi_results: null, configs: null });
});

test('entries of several campaigns at once are all kept, and the table has the same', async () => {
  const models = ['a', 'b', 'c', 'd', 'e'];
  await Promise.all(
    models.map((model) => appendSuper(root, [{ model, multi_results: { x: 1 } }], systemClock)),
  );
  expect((await read()).map(({ model }) => model).toSorted()).toEqual(models);
  const table = parse(await readFile(join(root, 'perf_super.csv'), 'utf8'), { columns: true }) as Record<
    string,
    string
  >[];
  expect(table.map(({ model }) => model).toSorted()).toEqual(models);
  expect(table[0]?.multi_results).toBe('{"x":1}');
});

test.each(['{"model": "a"}', '[1]'])('a file that holds %s is left alone', async (content) => {
  await writeFile(join(root, 'perf_super.json'), content);
  await expect(appendSuper(root, [{ model: 'b' }], systemClock)).rejects.toMatchObject({
    code: 'INVALID_FILE',
  });
  expect(await readFile(join(root, 'perf_super.json'), 'utf8')).toBe(content);
});

test('of a list of settings, a row has those of its model and benchmark, else of its model, else the first', () => {
  const configs = [
    { model: 'other', tp: 1 },
    { model: 'a', benchmark: 'latency', tp: 2 },
    { model: 'a', benchmark: 'throughput', tp: 4 },
  ];
  const metrics = [
    sampleMetric({ row: 'a', columns: { benchmark: 'throughput' } }),
    sampleMetric({ row: 'a', columns: {} }),
    sampleMetric({ row: 'c', columns: {} }),
  ];
  const entries = superEntries(sampleRecord({ metrics, configs }));
  expect(entries.map(({ configs: one }) => (one as { tp: number }).tp)).toEqual([4, 2, 1]);
  expect(superEntries(sampleRecord({ configs: [1, 2] }))[0]?.configs).toEqual([1, 2]);
  expect(superEntries(sampleRecord({ configs: [] }))[0]?.configs).toBeNull();
});

test('after a crash each file gets what it lacks, and nothing twice', async () => {
  const records = ['1', '2'].map((run) =>
    sampleRecord({ run, metrics: ['a', 'b'].map((row) => sampleMetric({ row })) }),
  );
  const [first, second] = records.flatMap(superEntries);
  await appendSuper(root, [first ?? {}], systemClock);
  // Killed between the two files.
  await appendToList(join(root, 'perf_super.json'), [second ?? {}]);
  for (let start = 0; start < 2; start++) await completeSuper(root, records, systemClock);
  const wanted = ['1 dummy_a', '1 dummy_b', '2 dummy_a', '2 dummy_b'];
  const short = (rows: Record<string, unknown>[]) => rows.map(({ run_id, model }) => `${run_id} ${model}`);
  expect(short(await read())).toEqual(wanted);
  const table = parse(await readFile(join(root, 'perf_super.csv'), 'utf8'), { columns: true });
  expect(short(table as Record<string, unknown>[])).toEqual(wanted);
});

test('a list that an earlier tool left gets its table, once', async () => {
  await writeFile(join(root, 'perf_super.json'), '[\n  {\n    "model": "old"\n  }\n]');
  await appendSuper(root, [{ model: 'new', configs: { lr: 1 }, multi_results: null }], systemClock);
  expect((await read()).map(({ model }) => model)).toEqual(['old', 'new']);
  const table = parse(await readFile(join(root, 'perf_super.csv'), 'utf8'), { columns: true });
  expect(table).toMatchObject([{ model: 'old' }, { model: 'new', configs: '{"lr":1}' }]);
});
