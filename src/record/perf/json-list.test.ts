import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appendToList, readList } from './json-list.ts';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'json-list-'));
  file = join(folder, 'list.json');
});
afterEach(() => rm(folder, { recursive: true }));

const read = async (): Promise<unknown> => JSON.parse(await readFile(file, 'utf8'));

test.each([
  '',
  '[]',
  '[ ]\n',
  '[{"a": 1}]',
  '[\n {\n  "a": 1\n }\n]\n',
  '[\r\n  {"a": [1, {}]}\r\n]\r\n\r\n',
])('a list written as %j gets its entries behind what it has', async (text) => {
  await writeFile(file, text);
  const before: unknown[] = text === '' ? [] : JSON.parse(text);
  await appendToList(file, [{ b: '☃"' }, { c: {} }]);
  await appendToList(file, [{ d: [] }]);
  expect(await read()).toEqual([...before, { b: '☃"' }, { c: {} }, { d: [] }]);
  expect(readList(file)).toEqual(await read());
});

test.each(['{"a": 1}', '[1]', '"x"', '[{"a": 1}', 'x]', '{"a": [{}]', '[[{}]]'])(
  'a file that holds %s is left alone',
  async (text) => {
    await writeFile(file, text);
    await expect(appendToList(file, [{}])).rejects.toMatchObject({ code: 'INVALID_FILE' });
    expect(await readFile(file, 'utf8')).toBe(text);
  },
);

test('a list of ours that was cut off anywhere keeps what is whole, and grows on', async () => {
  const entries = [{ a: 1 }, { b: '}\n]' }, { c: [{}] }];
  await appendToList(file, entries);
  const { size } = await stat(file);
  const whole = await readFile(file);
  for (let length = 0; length < size; length++) {
    await writeFile(file, whole);
    await truncate(file, length);
    await appendToList(file, [{ new: true }]);
    const list = (await read()) as unknown[];
    expect(list.at(-1)).toEqual({ new: true });
    expect(list.slice(0, -1)).toEqual(entries.slice(0, list.length - 1));
  }
});

test('whatever is added comes back, in its order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(fc.dictionary(fc.string(), fc.jsonValue()))), async (batches) => {
      await rm(file, { force: true });
      for (const batch of batches) await appendToList(file, batch);
      expect(readList(file)).toEqual(JSON.parse(JSON.stringify(batches.flat())));
    }),
    { numRuns: 50 },
  );
});
