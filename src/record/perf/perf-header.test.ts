import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { RowSplitter } from './csv-rows.ts';
import { headerOf, readHeader } from './perf-header.ts';

const folder = mkdtempSync(join(tmpdir(), 'perf-header-'));
afterAll(() => rmSync(folder, { recursive: true }));

function headerIn(content: string) {
  const file = join(folder, 'perf.csv');
  writeFileSync(file, content);
  const descriptor = openSync(file, 'r');
  try {
    return readHeader(descriptor, file);
  } finally {
    closeSync(descriptor);
  }
}

const column = fc.constantFrom('model', 'a', 'b c', '"x\ny"', '"q""q"', 'ab', 'long'.repeat(700), '');
const header = fc
  .tuple(fc.array(column), fc.array(column), fc.constantFrom('\n', '\r\n', ''))
  .map(([before, behind, end]) => [...before, 'model', ...behind].join(',') + end);
const rows = fc.constantFrom('', 'x,1\n', 'model,a\n', ',b\n', '\n');

test('a header is the one of its own file, whichever was read before', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(header, rows), { minLength: 1, maxLength: 6 }), (files) => {
      for (const [first, more] of files) {
        const rest = first.endsWith('\n') ? more : '';
        const splitter = new RowSplitter();
        const row = splitter.push(Buffer.from(first + rest))[0] ?? splitter.end();
        expect(headerIn(first + rest)).toEqual(row && headerOf(row));
      }
    }),
  );
});

test('what has no column "model" is no perf.csv, and an empty file has no header', () => {
  headerIn('model,b\n');
  expect(() => headerIn('mode,b\n')).toThrow('is not a perf.csv');
  expect(headerIn('')).toBeUndefined();
});
