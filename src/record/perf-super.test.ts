import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleMetric, sampleRecord } from '../../test/sample/record.ts';
import { systemClock } from '../foundation/clock.ts';
import { appendSuper, superEntries } from './perf-super.ts';

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
