import {
  appendFile,
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleMetric, sampleRecord } from '../../../test/sample/record.ts';
import { systemClock } from '../../foundation/clock.ts';
import type { RunRecord } from '../record-schema.ts';
import { appendRows } from './perf-csv.ts';
import { countRunRows, readPerfCsv } from './perf-reader.ts';
import { type PerfRow, perfColumns, perfRows, referenceColumns } from './perf-row.ts';
import { perfWriter } from './perf-writer.ts';

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perf-csv-'));
  file = join(folder, 'perf.csv');
});
afterEach(() => rm(folder, { recursive: true }));

const options = { clock: systemClock };
const text = (): Promise<string> => readFile(file, 'utf8');
const rowsIn = async (path = file): Promise<PerfRow[]> => {
  const rows: PerfRow[] = [];
  for await (const row of readPerfCsv(path)) rows.push(row);
  return rows;
};
const withColumns = (columns: Record<string, string>): RunRecord =>
  sampleRecord({ metrics: [sampleMetric({ row: 'a', columns })] });

test('a missing file is made with its header, and a reader gets the rows back', async () => {
  const [first, second] = [sampleRecord(), withColumns({ batch: '32' })];
  await appendRows(file, [...perfRows(first), ...perfRows(second)], options);
  expect((await text()).split('\n')[0]).toBe([...perfColumns, 'batch'].join(','));
  expect(await rowsIn()).toEqual([{ ...perfRows(first)[0], batch: '' }, perfRows(second)[0]]);
});

test('an append without new columns leaves every byte before it alone', async () => {
  const header = 'model, n_gpus, run_id, campaign_id';
  await writeFile(file, `${header}\n  x ,"1",,\nragged\n`);
  const before = await text();
  const row = { model: 'dummy', run_id: sampleRecord().run };
  await appendRows(file, [row], options);
  expect(await text()).toBe(`${before}dummy,,${row.run_id},""\n`);
});

test("a file of the reference's first version gets our columns behind its own", async () => {
  await writeFile(
    file,
    `${referenceColumns.join(', ')}\n${referenceColumns.map((_, i) => `v${i}`).join(',')}\n`,
  );
  const record = sampleRecord();
  await appendRows(file, perfRows(record), options);
  const rows = await rowsIn();
  expect(rows[0]).toMatchObject({ model: 'v0', additional_docker_run_options: 'v24', run_id: '' });
  expect(rows[1]).toEqual(perfRows(record)[0]);
  expect(parse(await text(), { columns: (names) => names.map((name: string) => name.trim()) })).toHaveLength(
    2,
  );
});

test("rows find their columns by name in the reference's second version, with its 29 columns", async () => {
  const columns: string[] = [...referenceColumns];
  columns.splice(2, 0, 'nnodes', 'gpus_per_node');
  columns.splice(14, 0, 'deployment_type', 'launcher');
  await writeFile(file, `${columns.join(',')}\n`);
  const record = sampleRecord();
  await appendRows(file, perfRows(record), options);
  expect(await rowsIn()).toEqual([perfRows(record)[0]]);
  expect((await text()).split('\n')[0]).toBe(
    [...columns, 'run_id', 'campaign_id', 'failure_class', 'reason'].join(','),
  );
});

test('byte order mark and CRLF stay as they are', async () => {
  await writeFile(file, '\uFEFFmodel,run_id\r\nold,1\r\n');
  await appendRows(file, [{ model: 'new', run_id: '2' }], options);
  expect(await text()).toBe('\uFEFFmodel,run_id\r\nold,1\r\nnew,"2"\r\n');
  await appendRows(file, [{ model: 'newer', run_id: '3', batch: '8' }], options);
  expect(await text()).toBe('\uFEFFmodel,run_id,batch\r\nold,1,""\r\nnew,"2",""\r\nnewer,3,"8"\r\n');
});

test('a new column pads every older row, ragged ones too, and values in quotes keep their line ends', async () => {
  await writeFile(file, 'model,args,status\n"a,b","x\ny",ok\nshort\n\nlonger,1,2,3,4\n');
  await appendRows(file, [{ model: 'new', batch: '1' }], options);
  expect(await text()).toBe(
    'model,args,status,batch\n"a,b","x\ny",ok,""\nshort,,,""\n\nlonger,1,2,3,4\nnew,,,"1"\n',
  );
});

test('a rewrite keeps the permissions and goes through a link to the file itself', async () => {
  await mkdir(join(folder, 'real'));
  const real = join(folder, 'real', 'results.csv');
  await writeFile(real, 'model\nold\n');
  await chmod(real, 0o640);
  await symlink(real, file);
  await appendRows(file, [{ model: 'new', batch: '1' }], options);
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect((await stat(real)).mode & 0o777).toBe(0o640);
  expect(await rowsIn(real)).toHaveLength(2);
  expect(await readdir(join(folder, 'real'))).toEqual(['.madengine', 'results.csv']);
});

test('a last row without a line end is ended when it is whole', async () => {
  await writeFile(file, 'model,run_id,status\nold,1,ok');
  expect(await appendRows(file, [{ model: 'new' }], options)).toEqual({});
  expect(await text()).toBe('model,run_id,status\nold,1,ok\nnew,,""\n');
});

test('a header without a line end is ended', async () => {
  await writeFile(file, 'model,run_id');
  await appendRows(file, [{ model: 'new' }], options);
  expect(await text()).toBe('model,run_id\nnew,""\n');
});

test('a row of ours that was cut off anywhere is taken out, its bytes are saved, and nothing else is touched', async () => {
  const kept = perfRows(withColumns({ batch: '32,33' }));
  await appendRows(file, kept, options);
  const { size } = await stat(file);
  const torn = perfRows(withColumns({ batch: '64,65' }));
  await appendRows(file, torn, options);
  const whole = await readFile(file);
  for (let length = size + 1; length < whole.length; length++) {
    await writeFile(file, whole.subarray(0, length));
    const { tornSaved } = await appendRows(file, [], options);
    const after = await readFile(file);
    if (length === whole.length - 1) {
      expect(after).toEqual(whole);
    } else {
      expect([length, after]).toEqual([length, whole.subarray(0, size)]);
      expect((await readFile(tornSaved ?? '')).toString('latin1').split('\n').at(-2)).toBe(
        whole.subarray(size, length).toString('latin1'),
      );
    }
  }
});

test('a file that was cut off within our header is begun anew', async () => {
  await appendRows(file, [], options);
  const header = await text();
  for (const length of [0, 1, 20, header.length - 1]) {
    await truncate(file, length);
    await appendRows(file, [], options);
    expect(await text()).toBe(header);
  }
});

test.each(['notes\nabout something else\n', '\0'.repeat(100)])(
  'a file that is no perf.csv is not touched',
  async (content) => {
    await writeFile(file, content);
    await expect(appendRows(file, perfRows(sampleRecord()), options)).rejects.toMatchObject({
      code: 'INVALID_FILE',
    });
    expect(await text()).toBe(content);
  },
);

test('a folder in its place is not writable', async () => {
  await mkdir(file);
  await expect(appendRows(file, [], options)).rejects.toMatchObject({ code: 'NOT_WRITABLE' });
});

test('a value with line ends and control characters becomes one line without them, formulas stay', async () => {
  const record = sampleRecord({
    pipeline: 'a\r\nb\u001b[31m\u0000c',
    build_number: '=1+1',
    git_commit: '\ud800',
  });
  await appendRows(file, perfRows(record), options);
  expect(await rowsIn()).toMatchObject([
    { pipeline: 'a b[31mc', build_number: '=1+1', git_commit: '\ufffd' },
  ]);
});

test('rows of any content keep their values and their place, one line each', async () => {
  const cell = fc.string({ unit: fc.constantFrom(',', '"', ' ', 'a', '=', 'é', "'", ';') });
  const name = fc.constantFrom('batch', 'latency, ms', '"quoted"', '42', '__proto__', 'constructor');
  const further = fc.array(fc.tuple(name, cell), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs));
  await fc.assert(
    fc.asyncProperty(fc.array(further, { minLength: 1, maxLength: 5 }), async (list) => {
      await rm(file, { force: true });
      const records = list.map((columns) => withColumns(columns));
      for (const record of records) await appendRows(file, perfRows(record), options);
      const found = await rowsIn();
      for (const [index, record] of records.entries()) {
        expect(found[index]).toMatchObject(perfRows(record)[0] ?? {});
      }
      expect((await text()).split('\n')).toHaveLength(list.length + 2);
    }),
    { numRuns: 30 },
  );
});

test('rows that wait go out together, each caller hears of its own', async () => {
  const writer = perfWriter(file, options);
  const records = Array.from({ length: 50 }, () => sampleRecord());
  await Promise.all(records.map((record) => writer.append(perfRows(record))));
  expect((await rowsIn()).map((row) => row.run_id)).toEqual(records.map((record) => record.run));
  await rm(file);
  await mkdir(file);
  const failing = [writer.append([]), writer.append([])];
  for (const one of failing) await expect(one).rejects.toMatchObject({ code: 'NOT_WRITABLE' });
  await rm(file, { recursive: true });
  await writer.append(perfRows(sampleRecord()));
  expect(await rowsIn()).toHaveLength(1);
});

test('rows are counted by run, a torn one is not', async () => {
  const two = sampleRecord({ metrics: [sampleMetric({ row: 'a' }), sampleMetric({ row: 'b' })] });
  const one = sampleRecord();
  const runs = new Set([two.run, one.run, sampleRecord().run]);
  expect(await countRunRows(file, runs)).toEqual(new Map());
  await appendRows(file, [...perfRows(two), ...perfRows(one)], options);
  await appendFile(file, `dummy,,,,,,,,,,,,,,,,,,,,,,,,,${one.run},`);
  expect(await countRunRows(file, runs)).toEqual(
    new Map([
      [two.run, 2],
      [one.run, 1],
    ]),
  );
});
