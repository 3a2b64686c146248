import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder, temporaryBeside } from '../../foundation/file/atomic-write.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { type RawRow, RowSplitter } from './csv-rows.ts';
import type { PerfHeader } from './perf-header.ts';
import { headerLine, perfLines } from './perf-line.ts';
import type { PerfRow } from './perf-row.ts';

/**
 * The file with columns added behind its own, and rows behind its rows, in one step that either happens or not. Bytes
 * that stand in the file stay as they are; permissions and, where we may, owners are kept. The caller holds the lock,
 * and the last line is ended.
 */
export async function rewriteWithColumns(
  file: string,
  header: PerfHeader,
  added: readonly string[],
  rows: readonly PerfRow[],
): Promise<void> {
  const temporary = temporaryBeside(file);
  const output = await open(temporary, 'wx', 0o600);
  try {
    try {
      await copyPadded(file, output, header, added);
      await output.writeFile(perfLines([...header.columns, ...added], rows, header.lineEnd));
      await keepOwnerAndMode(file, output);
      await output.sync();
    } finally {
      await output.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}

async function copyPadded(
  file: string,
  output: FileHandle,
  header: PerfHeader,
  added: readonly string[],
): Promise<void> {
  const splitter = new RowSplitter();
  const width = header.columns.length + added.length;
  let isHeader = true;
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    const parts: Buffer[] = [];
    for (const row of splitter.push(chunk)) {
      const behind = isHeader ? `,${headerLine(added)}` : padding(row, header.columns.length, width);
      isHeader = false;
      parts.push(row.bytes, Buffer.from(behind + row.lineEnd));
    }
    await output.writeFile(Buffer.concat(parts));
  }
}

/** Rows that are wider than the header were never aligned with it; nothing that we add would help them. */
function padding(row: RawRow, oldWidth: number, width: number): string {
  if (row.bytes.length === 0 || row.fields > oldWidth) return '';
  return `${','.repeat(width - row.fields)}""`;
}

async function keepOwnerAndMode(file: string, output: FileHandle): Promise<void> {
  const { uid, gid, mode } = await stat(file);
  try {
    await output.chown(uid, gid);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
  }
  // After chown(), which takes set-id bits away.
  await output.chmod(mode & 0o7777);
}
