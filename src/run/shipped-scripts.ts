import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { errnoOf } from '../foundation/file/errno.ts';
import { shippedTools } from '../package/shipped-tools.ts';
import type { ToolChain } from '../stage/tool-chain.ts';
import { removeEarlierOutputs } from './result/output-name.ts';

/** What tools need in the workspace, and what would be in their way. */
export async function makeReadyForTools(workspace: string, files: ToolChain['files'] = []): Promise<void> {
  await removeEarlierOutputs(workspace);
  await addShippedScripts(workspace);
  for (const { path, from } of files) {
    await mkdir(dirname(join(workspace, path)), { recursive: true });
    await copyFile(from, join(workspace, path));
  }
}

/**
 * Puts our own scripts for tools under the workspace's `scripts/common`, where the package has no file of that name.
 * Throws INVALID_FILE where the package has a file in a folder's place.
 */
async function addShippedScripts(workspace: string): Promise<void> {
  const below = join('scripts', 'common');
  await copyMissing(join(shippedTools(), below), join(workspace, below), below);
}

async function copyMissing(from: string, to: string, shown: string): Promise<void> {
  await mkdir(to).catch(async (error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw error;
    if ((await lstat(to)).isDirectory()) return;
    throw new MadError('INVALID_FILE', `${shown} of the package is no folder, but tools have scripts in it`, {
      hint: `Rename ${shown}.`,
    });
  });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyMissing(source, target, join(shown, entry.name));
    else
      await copyFile(source, target, constants.COPYFILE_EXCL).catch((error: unknown) => {
        if (errnoOf(error) !== 'EEXIST') throw error;
      });
  }
}
