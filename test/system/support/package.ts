import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporaryFolder } from './folder.ts';

const examplePackage = resolve(import.meta.dirname, '../../../examples/mad');

/** A copy of `examples/mad` that the test may change and run in; it goes with the test. */
export async function copyExamplePackage(): Promise<string> {
  const folder = join(await temporaryFolder(), 'mad');
  await cp(examplePackage, folder, { recursive: true, verbatimSymlinks: true });
  return folder;
}
