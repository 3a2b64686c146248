import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleMetric, sampleRecord } from '../../../test/sample/record.ts';
import { systemClock } from '../../foundation/clock.ts';
import { appendRows } from './perf-csv.ts';
import { perfRows } from './perf-row.ts';

const run = promisify(execFile);

let folder = '';
let file = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perf-full-disk-'));
  file = join(folder, 'perf.csv');
});
afterEach(() => rm(folder, { recursive: true }));

/** Appends in a process that can't make any file longer than so many blocks of 512 bytes, as on a disk that fills up. */
async function appendWithLimit(blocks: number, rows: unknown): Promise<string> {
  const url = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  const script = `const { appendRows } = await import(${url('./perf-csv.ts')});
    const { systemClock: clock } = await import(${url('../../foundation/clock.ts')});
    await appendRows(process.argv[1], JSON.parse(process.argv[2]), { clock }).then(() => console.log('done'), ({ code }) => console.log(code));`;
  const { stdout } = await run('sh', [
    '-c',
    'ulimit -f "$1"; shift; exec "$@"',
    'sh',
    String(blocks),
    process.execPath,
    '--input-type=module',
    '-e',
    script,
    file,
    JSON.stringify(rows),
  ]);
  return stdout.trim();
}

test.each([
  ['a row that fits only in part', {}],
  ['a new column, for which the file is rewritten', { batch: '1' }],
])('%s leaves the file as it was, and nothing beside it', async (_, columns) => {
  await appendRows(file, perfRows(sampleRecord()), { clock: systemClock });
  const before = await readFile(file, 'utf8');
  const rows = perfRows(sampleRecord({ pipeline: 'x'.repeat(8000), metrics: [sampleMetric({ columns })] }));
  expect(await appendWithLimit(4, rows)).toBe('DISK_FULL');
  expect(await readFile(file, 'utf8')).toBe(before);
  expect((await readdir(folder)).toSorted()).toEqual(['.madengine', 'perf.csv']);
  expect(await appendWithLimit(400, rows)).toBe('done');
});
