/** A file that a user names for our output: what it is stays what it is. */
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { writeFileAtomic } from './atomic-write.ts';

/**
 * Whole or not at all, as `writeFileAtomic`; but a device, a pipe or an open file (`/dev/null`, `/dev/stdout`,
 * `>(command)`) is written to: put in its place, a file would take it from the whole machine.
 */
export async function writeOutput(path: string, data: string): Promise<void> {
  if (!(await isStream(path))) return writeFileAtomic(path, data);
  const file = await open(path, constants.O_WRONLY | constants.O_APPEND);
  try {
    await file.writeFile(data);
  } finally {
    await file.close();
  }
}

/** Whether something is there that no file may take the place of; `path` is absolute. */
export async function isStream(path: string): Promise<boolean> {
  const facts = await lstat(path).catch(() => undefined);
  if (!facts || facts.isFile() || facts.isDirectory()) return false;
  // Links there lead to what a process has open; elsewhere a link is a name like any other.
  return !facts.isSymbolicLink() || /^\/(?:dev|proc)\//.test(path);
}
