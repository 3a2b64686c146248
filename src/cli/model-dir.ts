import { resolve } from 'node:path';
import type { Surroundings } from '../campaign/options.ts';
import { copyModelDir } from '../package/model-dir.ts';
import type { CommandName } from './option-spec.ts';

/** Commands that look into the package. */
const readingPackage: ReadonlySet<CommandName> = new Set(['discover', 'build', 'run']);

/** Copies `MODEL_DIR` over the current folder, for commands that read a package; for all with `MAD_SETUP_MODEL_DIR`. */
export async function takeModelDir(
  command: CommandName,
  always: boolean,
  { cwd, env, events, signal }: Surroundings,
): Promise<void> {
  if (!always && !readingPackage.has(command)) return;
  if (env.MODEL_DIR) {
    await copyModelDir({ from: resolve(cwd, env.MODEL_DIR), to: cwd, emit: events.emit, signal });
  } else {
    events.emit({
      type: 'notice',
      level: 'warning',
      code: 'MODEL_DIR',
      message: 'MAD_SETUP_MODEL_DIR is on, but MODEL_DIR names no folder: nothing is copied',
      hint: 'Set MODEL_DIR to the folder of the package, or unset MAD_SETUP_MODEL_DIR.',
    });
  }
}
