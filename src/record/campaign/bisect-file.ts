import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { writeFileAtomic } from '../../foundation/file/atomic-write.ts';
import { readJsonFile } from '../../foundation/file/json-file.ts';
import type { BisectLog } from './bisect-schema.ts';

export type { BisectLog } from './bisect-schema.ts';

export const bisectFile = 'bisect.json';

export const writeBisect = (folder: string, log: BisectLog): Promise<void> =>
  writeFileAtomic(join(folder, bisectFile), `${JSON.stringify(log, null, 2)}\n`);

/** undefined for a bisect that died before it knew what to look through. */
export async function readBisect(campaignFolder: string): Promise<BisectLog | undefined> {
  const path = join(campaignFolder, bisectFile);
  const data = await readJsonFile(path).catch((error: unknown) => {
    if (error instanceof MadError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  });
  if (data === undefined) return undefined;
  const { bisectSchema } = await import('./bisect-schema.ts');
  const parsed = bisectSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MadError('INVALID_FILE', `${path}: ${issue?.path.join('.')}: ${issue?.message}`, {
    hint: 'It is damaged, or a newer madengine wrote it; start the bisect anew.',
  });
}
