import { MadError } from '../foundation/error.ts';
import { readJsonFile } from '../foundation/file/json-file.ts';
import { invalidFile } from '../foundation/schema-problem.ts';
import { type BatchEntry, batchSchema } from './batch-schema.ts';

const hint =
  'Each entry is an object such as {"model_name": "dummy", "build_new": true, "registry": "localhost:5000"}; only model_name must be there.';

/** Reads a batch manifest. Throws FILE_NOT_FOUND, or INVALID_FILE with the entry's index and key. */
export async function readBatch(file: string): Promise<BatchEntry[]> {
  return parseBatch(await readJsonFile(file), file);
}

export function parseBatch(data: unknown, file: string): BatchEntry[] {
  const result = batchSchema.safeParse(data);
  if (!result.success) throw invalidFile(file, result.error, data, hint);
  const first = new Map<string, number>();
  for (const [index, { model_name: name }] of result.data.entries()) {
    const before = first.get(name);
    if (before !== undefined) {
      const message = `${file}: [${index}].model_name: ${JSON.stringify(name)} is named by [${before}] too`;
      throw new MadError('INVALID_FILE', message, { hint: 'Leave one of the two entries out.' });
    }
    first.set(name, index);
  }
  return result.data;
}
