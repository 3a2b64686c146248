/** Samples of a run that is not over: what a run whose controller died still knows of those that were. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../foundation/file/atomic-write.ts';
import { readJsonFile } from '../foundation/file/json-file.ts';
import type { Sample } from './record-schema.ts';

const folderName = 'samples';
const fileName = 'sample.json';

/** Of execution number `number`, absolute. */
export const sampleFolder = (runFolder: string, number: number): string =>
  join(runFolder, folderName, String(number));

export const writeSample = (folder: string, sample: Sample): Promise<void> =>
  writeFileAtomic(join(folder, fileName), `${JSON.stringify(sample, null, 2)}\n`, { durable: false });

/** In their order; those that were not over, or can't be read, are left out. */
export async function readSamples(runFolder: string): Promise<Sample[]> {
  const names = await readdir(join(runFolder, folderName)).catch(() => []);
  const numbers = names.map(Number).filter((number) => Number.isSafeInteger(number) && number > 0);
  if (numbers.length === 0) return [];
  const { sampleSchema } = await import('./record-schema.ts');
  const found = await Promise.all(
    numbers
      .sort((a, b) => a - b)
      .map(async (number) => {
        const data = await readJsonFile(join(sampleFolder(runFolder, number), fileName)).catch(
          () => undefined,
        );
        const parsed = sampleSchema.safeParse(data);
        return parsed.success ? [parsed.data] : [];
      }),
  );
  return found.flat();
}
