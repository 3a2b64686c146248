import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readGpuUsage, statisticsOf } from './gpu-usage.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpu-usage-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function usageOf(text: string) {
  const file = join(folder, 'x.csv');
  await writeFile(file, text);
  return readGpuUsage(file);
}

test('each GPU has its statistics; cells without a number do not count', async () => {
  const csv = 'time,Power(Watt) GPU0,Power(Watt) GPU10\n1,100,5\n2,200.5,\n3,300,N/A\r\n4,1e9999,-3\n';
  expect(await usageOf(csv)).toEqual([
    { gpu: 0, what: 'power', unit: 'W', samples: 3, mean: 200.167, median: 200.5, p95: 300, max: 300 },
    { gpu: 10, what: 'power', unit: 'W', samples: 1, mean: 5, median: 5, p95: 5, max: 5 },
  ]);
  expect(await usageOf('time,vram(%) GPU1\n1,12.34\n')).toMatchObject([
    { gpu: 1, what: 'memory', unit: '%', max: 12.34 },
  ]);
});

test('with the time of the model, what was sampled before and after does not count', async () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  const file = join(folder, 'timed.csv');
  const lines = [1, 2, 3, 4].map((second) => `${at(second)},${second * 100}`);
  await writeFile(file, `time,Power(Watt) GPU0\n${lines.join('\n')}\nnonsense,9\n`);
  expect(await readGpuUsage(file, { fromS: 1, toS: 2 })).toMatchObject([{ samples: 2, mean: 250 }]);
  expect(await readGpuUsage(file, { fromS: 9, toS: 10 })).toMatchObject([{ samples: 5 }]);
});

test.each([
  '',
  'time\n',
  'name,Power(Watt) GPU0\n1,2\n',
  'time,Power GPU0\n1,2\n',
  'time,constructor GPU0\n1,2\n',
  'time,vram(%) GPU0\n',
])('a file without samples has no statistics: %j', async (text) => {
  expect(await usageOf(text)).toEqual([]);
});

test('statistics lie between the smallest and the largest value, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.float({ min: 0, max: 2000, noNaN: true }), { minLength: 1 }), (values) => {
      const { samples, mean, median, p95, max } = statisticsOf(values);
      expect(samples).toBe(values.length);
      expect(max).toBe(Math.max(...values) + 0);
      expect(mean).toBeLessThanOrEqual(max + 0.001);
      expect(median).toBeLessThanOrEqual(p95);
      expect(p95).toBeLessThanOrEqual(max);
      expect(statisticsOf([...values].reverse())).toMatchObject({ median, p95, max });
    }),
  );
});

test('bytes that are no CSV are no reason to fail', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) => {
      await usageOf(`time,vram(%) GPU0\n${text}`);
    }),
    { numRuns: 30 },
  );
});
