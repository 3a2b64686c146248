import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { csvRow } from '../perf/csv-rows.ts';
import { readMultipleResults } from './multiple-results.ts';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'multiple-results-'));
  file = join(folder, 'perf_dummy.csv');
});
afterEach(() => rm(folder, { recursive: true }));

async function read(content: string | Buffer) {
  await writeFile(file, content);
  return readMultipleResults(file);
}

const short = (results: Awaited<ReturnType<typeof read>>) =>
  results.metrics.map(({ row, value, name, status }) => [row, value, name, status]);

test('each row is a metric, with its further columns', async () => {
  expect(await read('model,performance,metric,batch\nresnet,12.5,img/s,32\nbert,1E3,seq/s,8\n')).toEqual({
    metrics: [
      {
        name: 'img/s',
        value: 12.5,
        text: '12.5',
        unit: null,
        direction: null,
        status: 'SUCCESS',
        row: 'resnet',
        columns: { batch: '32' },
      },
      {
        name: 'seq/s',
        value: 1000,
        text: '1E3',
        unit: null,
        direction: null,
        status: 'SUCCESS',
        row: 'bert',
        columns: { batch: '8' },
      },
    ],
    problem: undefined,
    stale: false,
  });
});

test('blanks, a byte order mark, quotes, other line ends and empty lines do not matter', async () => {
  const text =
    '\ufeffmodel, performance , "metric" ,note\r\n\r\n a , 1 , x/s , "b, ""c""\nd" \r\nb,2,"y",\r\n';
  const results = await read(text);
  expect(short(results)).toEqual([
    ['a', 1, 'x/s', 'SUCCESS'],
    ['b', 2, 'y', 'SUCCESS'],
  ]);
  expect(results.metrics[0]?.columns).toEqual({ note: 'b, "c"\nd' });
});

test('colours and control characters are taken out, so that all files show the same names', async () => {
  const results = await read(
    '\x1b[1mmodel\x1b[0m,performance,metric,note\x00\n\x1b[31ma\x1b[0m\x00,\x1b[32m1\x1b[0m,"tok\n/s",\x07x\n',
  );
  expect(results.problem).toBeUndefined();
  expect(results.metrics).toMatchObject([
    { row: 'a', value: 1, text: '1', name: 'tok /s', columns: { note: 'x' } },
  ]);
});

test('a row that says of itself that it failed has', async () => {
  const results = await read(
    'model,performance,metric,status\na,1,x,SUCCESS\nb,0,x,FAILURE\nc,0,x,failed\nd,1,x,\n',
  );
  expect(short(results).map(([row, , , status]) => [row, status])).toEqual([
    ['a', 'SUCCESS'],
    ['b', 'FAILURE'],
    ['c', 'FAILURE'],
    ['d', 'SUCCESS'],
  ]);
});

test('every row is judged for itself', async () => {
  const rows = ['a,1,x', 'b,,x', 'c,nan,x', 'd,fast,x', 'e,5,', ',6,x', 'g,7', 'h,8,x,,', 'i,9,x,y'];
  const results = await read(`model,performance,metric\n${rows.join('\n')}\n`);
  expect(results.problem).toBeUndefined();
  expect(results.metrics.map(({ status }) => status[0]).join('')).toBe('SFFFFFFSF');
  expect(results.metrics[3]).toMatchObject({ value: null, text: 'fast' });
});

test.each([
  ['', 'is empty'],
  ['\n\n', 'is empty'],
  ['model,performance,metric\n', 'has no rows'],
  ['model,value\na,1\n', 'has no column performance, metric; its columns are model, value'],
  ['model,performance,metric,performance\na,1,x,2\n', 'has two columns performance'],
  [`${'c,'.repeat(1001)}model\n`, 'has 1002 columns, more than the 1000 that are read'],
  ['model,performance,metric\na,"1,x\n', expect.stringContaining('cannot be read as CSV')],
])('%j does not count as a result file', async (content, problem) => {
  expect(await read(content)).toEqual({ metrics: [], problem, stale: false });
});

test('columns without a name go, and those with the same name are told apart', async () => {
  const { metrics } = await read(',model,performance,metric,x,x,x.1,__proto__\n0,a,1,m,p,q,r,s\n');
  expect(Object.entries(metrics[0]?.columns ?? {})).toEqual([
    ['x', 'p'],
    ['x.2', 'q'],
    ['x.1', 'r'],
    ['__proto__', 's'],
  ]);
});

test('a file from before the run is not taken', async () => {
  await writeFile(file, 'model,performance,metric\na,1,x\n');
  const start = new Date('2025-01-01T10:00:00.500Z');
  for (const [written, stale] of [
    ['2025-01-01T10:00:00.400Z', true],
    ['2025-01-01T10:00:00.500Z', true],
    ['2025-01-01T10:00:00.501Z', false],
    // A file system that keeps whole seconds.
    ['2025-01-01T10:00:00.000Z', false],
    ['2025-01-01T09:59:59.000Z', true],
  ] as const) {
    await utimes(file, new Date(written), new Date(written));
    expect((await readMultipleResults(file, { notBefore: start })).stale, written).toBe(stale);
  }
});

test('a missing file, a link and a pipe are refused without waiting', async () => {
  await expect(readMultipleResults(file)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await symlink('/etc/hostname', file);
  await expect(readMultipleResults(file)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  expect(await readMultipleResults(join(folder, 'pipe'))).toMatchObject({ problem: 'is no regular file' });
});

test('a file too large to be a result is not read', async () => {
  expect((await read(Buffer.alloc(16 * 1024 * 1024 + 1, 'a'))).problem).toMatch(/more than/);
  const many = `model,performance,metric\n${'a,1,x\n'.repeat(100_001)}`;
  expect((await read(many)).problem).toBe('has more than the 100000 rows that are read');
});

test('what a CSV writer writes comes back, trimmed', async () => {
  const cell = fc.oneof(
    // Line ends within a cell, of which Unicode has several, become blanks.
    fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => text.replaceAll(/[\u0085\u2028\u2029]/g, '')),
    fc.constantFrom('1', ',', '"', '\n', ' x '),
  );
  const row = fc.tuple(cell, fc.double({ noNaN: true, noDefaultInfinity: true }), cell, cell);
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 5 }), async (rows) => {
      const lines = rows.map(([model, value, metric, other]) =>
        csvRow([model, String(value), metric, other]),
      );
      const { metrics } = await read(`${['model,performance,metric,other', ...lines].join('\n')}\n`);
      expect(metrics.map((metric) => [metric.row, metric.value, metric.name, metric.columns.other])).toEqual(
        rows.map(([model, value, metric, other]) => [
          model.trim(),
          Number(String(value)),
          metric.trim(),
          other.trim(),
        ]),
      );
    }),
    { numRuns: 200 },
  );
});
