/**
 * A card's options may give its container another user than root. The files of a run belong to whoever starts it, so that
 * user is let in while the program runs. On this machine nobody else gets at them: the campaign's folder is its owner's.
 */
import { constants } from 'node:fs';
import { chmod, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { controlFiles } from '../stage/stage.ts';
import { hostPaths } from './run-folder.ts';

/** Lets everybody who can reach the run's folders read and write in them. */
export async function letIn(runFolder: string): Promise<void> {
  const { workspace, control } = hostPaths(runFolder, '');
  await Promise.all([workspace, control].map(openTree));
}

/** What leads elsewhere is left alone. */
async function openTree(path: string): Promise<void> {
  const facts = await lstat(path);
  if (!facts.isFile() && !facts.isDirectory()) return;
  const passes = facts.isDirectory() || (facts.mode & 0o111) !== 0;
  await chmod(path, facts.mode | (passes ? 0o777 : 0o666));
  if (!facts.isDirectory()) return;
  await Promise.all((await readdir(path)).map((name) => openTree(join(path, name))));
}

/** The log and the marks are private again, whoever may have put something else in their place. */
export async function closeLog(runFolder: string): Promise<void> {
  const { control } = hostPaths(runFolder, '');
  for (const name of [controlFiles.output, controlFiles.marks]) {
    const file = await open(join(control, name), constants.O_RDONLY | constants.O_NOFOLLOW).catch(
      () => undefined,
    );
    await file?.chmod(0o600).catch(() => {});
    await file?.close();
  }
}
