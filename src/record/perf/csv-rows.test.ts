import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvFields, csvRow, type RawRow, RowSplitter } from './csv-rows.ts';

const value = fc.oneof(
  fc.string({ unit: fc.constantFrom(',', '"', '\n', '\r', ' ', 'a', 'é', '') }),
  fc.string({ unit: 'binary' }),
);
const table = fc.array(fc.array(value, { minLength: 2, maxLength: 5 }), { maxLength: 6 });

function split(bytes: Buffer, chunkBytes: number): { rows: RawRow[]; last: RawRow | undefined } {
  const splitter = new RowSplitter();
  const rows: RawRow[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    rows.push(...splitter.push(bytes.subarray(at, at + chunkBytes)));
  }
  return { rows, last: splitter.end() };
}

test('what is printed is read back the same, whatever the values and wherever chunks end', () => {
  fc.assert(
    fc.property(table, fc.integer({ min: 1, max: 9 }), (rows, chunkBytes) => {
      const wanted = rows.map((row) => row.map((text) => Buffer.from(text).toString()));
      const text = wanted.map((row) => `${csvRow(row)}\n`).join('');
      const found = split(Buffer.from(text), chunkBytes);
      expect(found.last).toBeUndefined();
      expect(found.rows.map(({ bytes }) => csvFields(bytes))).toEqual(wanted);
      expect(found.rows.map(({ fields }) => fields)).toEqual(wanted.map((row) => row.length));
    }),
  );
});

test('another CSV reader reads the same from what we print', () => {
  fc.assert(
    fc.property(table, (rows) => {
      const wanted = rows.map((row) => row.map((text) => Buffer.from(text).toString()));
      const text = wanted.map((row) => `${csvRow(row)}\n`).join('');
      expect(parse(text, { record_delimiter: '\n', relax_column_count: true })).toEqual(wanted);
    }),
  );
});

test('a row that is cut off anywhere before its end either lacks fields or its last quote', () => {
  const line = Buffer.from(csvRow(['a,b', 'c', '', 'd']));
  for (let length = 1; length < line.length; length++) {
    const { last } = split(line.subarray(0, length), 100);
    const whole = last?.fields === 4 && last.closed && last.bytes.at(-1) === 0x22;
    expect([length, whole]).toEqual([length, false]);
  }
  expect(split(line, 100).last).toMatchObject({ fields: 4, closed: true });
});

test('both line ends are known, and one within quotes is none', () => {
  const { rows, last } = split(Buffer.from('a,"b\nc"\r\nd\n\n"e'), 3);
  expect(rows.map(({ bytes, lineEnd }) => [bytes.toString(), lineEnd])).toEqual([
    ['a,"b\nc"', '\r\n'],
    ['d', '\n'],
    ['', '\n'],
  ]);
  expect(last).toMatchObject({ closed: false, lineEnd: '' });
});
