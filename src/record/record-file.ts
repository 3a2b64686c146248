import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { writeFileAtomic } from '../foundation/file/atomic-write.ts';
import { errnoOf } from '../foundation/file/errno.ts';
import { readJsonFile } from '../foundation/file/json-file.ts';
import type { RunRecord } from './record-schema.ts';

const name = 'record.json';

/** The record's path within its run folder. */
export const recordPath = (runFolder: string): string => join(runFolder, name);

/** Writes a final record into its run folder, once: a second one is refused. Returns its path. */
export async function writeRecord(runFolder: string, record: RunRecord): Promise<string> {
  const path = recordPath(runFolder);
  // Only the holder of the campaign's lock writes here, so that nobody comes between the look and the rename.
  if (await hasRecord(runFolder)) {
    throw new MadError('INTERNAL', `The record of run ${record.run} is final and was not changed: ${path}`, {
      hint: 'Report this with the log of the campaign: a run was recorded twice.',
    });
  }
  await writeFileAtomic(path, `${JSON.stringify(record, null, 2)}\n`);
  return path;
}

export async function hasRecord(runFolder: string): Promise<boolean> {
  try {
    return (await stat(recordPath(runFolder))).isFile();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

/** Reads a record of this version or an earlier one: FILE_NOT_FOUND, or INVALID_FILE that names the first wrong field. */
export async function readRecord(path: string): Promise<RunRecord> {
  const data = await readJsonFile(path);
  const { recordSchema, recordSchemaName } = await import('./record-schema.ts');
  const schema = (data as { schema?: unknown } | null)?.schema;
  if (schema !== recordSchemaName) {
    throw new MadError(
      'INVALID_FILE',
      `${path} is no run record that this version reads: schema ${JSON.stringify(schema)}`,
      {
        hint: `Expected ${recordSchemaName}; a newer madengine may have written it.`,
      },
    );
  }
  const parsed = recordSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new MadError('INVALID_FILE', `${path}: ${issue?.path.join('.')}: ${issue?.message}`, {
    hint: 'The file was changed by hand or is damaged; take it from a backup or remove its run folder.',
  });
}
