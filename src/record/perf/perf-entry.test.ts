import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleMetric, sampleRecord } from '../../../test/sample/record.ts';
import { cleanText } from '../output/clean-text.ts';
import { entryJson, entryRows, rowsCsv } from './perf-entry.ts';
import { perfColumns } from './perf-row.ts';

test('one row is an object, several are a list', () => {
  const rows = entryRows([sampleRecord(), sampleRecord()]);
  expect(JSON.parse(entryJson(rows.slice(0, 1)))).toEqual(rows[0]);
  expect(JSON.parse(entryJson(rows))).toEqual(rows);
});

test('the columns are those of perf.csv, and further ones of all rows behind them', () => {
  const metrics = [
    sampleMetric({ row: 'a', columns: { batch: '1' } }),
    sampleMetric({ row: 'b', columns: { p99: '2' } }),
  ];
  const [header, first, second] = parse(rowsCsv(entryRows([sampleRecord({ metrics })]))) as string[][];
  expect(header).toEqual([...perfColumns, 'batch', 'p99']);
  expect([first?.slice(-2), second?.slice(-2)]).toEqual([
    ['1', ''],
    ['', '2'],
  ]);
});

test('what is printed is what is read, with any text in it', () => {
  const value = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(
      fc.array(fc.record({ model: value, reason: value, 'own, "column"': value }), { minLength: 1 }),
      (rows) => {
        const read = parse(rowsCsv(rows), { columns: true }) as Record<string, string>[];
        const clean = rows.map((row) =>
          Object.fromEntries(Object.entries(row).map(([key, text]) => [key, cleanText(text)])),
        );
        expect(read).toMatchObject(clean);
      },
    ),
  );
});

test('objects stand as JSON in their cells', () => {
  const [row] = parse(rowsCsv([{ model: 'a', configs: { lr: 0.1 }, multi_results: null }], ['model']), {
    columns: true,
  }) as Record<string, string>[];
  expect(row).toEqual({ model: 'a', configs: '{"lr":0.1}', multi_results: '' });
});
