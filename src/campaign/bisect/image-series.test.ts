import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { imageSeries } from './image-series.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-series-'));
});
afterEach(() => rm(folder, { recursive: true }));

const idsOf = async (imageList: string[], good?: string, bad?: string): Promise<string[]> =>
  (await imageSeries({ imageList, good, bad }, folder)).map(({ id }) => id);

test('the ends are those of the list unless they are named, and the order is from good to bad', async () => {
  const list = ['a:1', 'a:2', 'a:3', 'a:4'];
  expect(await idsOf(list)).toEqual(list);
  expect(await idsOf(list, 'a:2')).toEqual(['a:2', 'a:3', 'a:4']);
  expect(await idsOf(list, 'a:4', 'a:2')).toEqual(['a:4', 'a:3', 'a:2']);
});

test('a file has one image on each line, and comments', async () => {
  await writeFile(
    join(folder, 'list'),
    `# of CI\r\n a:1 \r\n\nr.example.com:5000/x/a@sha256:${'a'.repeat(64)}\n`,
  );
  expect(await idsOf(['list'])).toEqual(['a:1', `r.example.com:5000/x/a@sha256:${'a'.repeat(64)}`]);
});

test.each([
  [[], 'no images'],
  [['a:1'], 'not there'],
  [['a:1', '-v'], 'image-list'],
  [['a:1', 'a:2', 'a:1'], 'twice'],
])('%j is refused', async (list, message) => {
  await expect(idsOf(list)).rejects.toThrow(message);
  await expect(idsOf(['a:1', 'a:2'], 'a:1', 'a:1')).rejects.toThrow('the same');
});
