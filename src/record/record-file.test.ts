import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleRecord } from '../../test/sample/record.ts';
import { readRecord, recordPath, writeRecord } from './record-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'record-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a record is read back as it was written, with keys of the card that nobody knows', async () => {
  const record = sampleRecord();
  record.model.card.future = { a: [1] };
  expect(await writeRecord(folder, record)).toBe(recordPath(folder));
  expect(await readRecord(recordPath(folder))).toEqual(record);
  expect(await readdir(folder)).toEqual(['record.json']);
});

test('a final record is never written over', async () => {
  const record = sampleRecord();
  await writeRecord(folder, record);
  await expect(writeRecord(folder, sampleRecord())).rejects.toThrow('is final');
  expect(await readRecord(recordPath(folder))).toEqual(record);
});

test.each([
  ['{"schema": "madengine.run/99"}', 'madengine.run/99'],
  ['[]', 'no run record'],
  ['null', 'no run record'],
  [JSON.stringify({ ...sampleRecord(), attempt: 'one' }), 'attempt'],
  ['{"schema": "madeng', ':1:19'],
])('%j is refused with the place in it', async (text, message) => {
  await writeFile(recordPath(folder), text);
  await expect(readRecord(recordPath(folder))).rejects.toMatchObject({ code: 'INVALID_FILE' });
  await expect(readRecord(recordPath(folder))).rejects.toThrow(message);
});
