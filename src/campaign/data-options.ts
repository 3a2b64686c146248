import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MadError } from '../foundation/error.ts';
import type { BuildOptions, Surroundings } from './options.ts';

/** Looks at what was typed about data before hours of building. Throws INVALID_FILE, FILE_NOT_FOUND, INVALID_ARGUMENT. */
export async function checkDataOptions(
  { dataConfig, forceMirrorLocal }: Pick<BuildOptions, 'dataConfig' | 'forceMirrorLocal'>,
  { cwd }: Pick<Surroundings, 'cwd'>,
): Promise<void> {
  if (dataConfig !== undefined) {
    const { readDataConfig } = await import('../package/data-config.ts');
    readDataConfig({ file: resolve(cwd, dataConfig), folders: [], contextData: undefined });
  }
  if (forceMirrorLocal === undefined) return;
  const facts = await stat(resolve(cwd, forceMirrorLocal)).catch(() => undefined);
  if (facts === undefined || facts.isDirectory()) return;
  throw new MadError(
    'INVALID_ARGUMENT',
    `--force-mirror-local ${JSON.stringify(forceMirrorLocal)} is no folder`,
    {
      hint: 'Name a folder; it is made where there is none.',
    },
  );
}
