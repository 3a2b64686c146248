import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it. The recursive `mkdir` of Node.js goes round for ever where a file system answers
 * "no such file" below a folder that is there, as /proc does.
 */
export async function makeFolders(path: string): Promise<void> {
  const missing: string[] = [];
  for (let folder = path; !(await isThere(folder)); folder = dirname(folder)) missing.push(folder);
  for (const folder of missing.reverse()) {
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      // Somebody else makes it at the same time.
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) return true;
    throw Object.assign(new Error(`${path} is no folder`), { code: 'ENOTDIR' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return dirname(path) === path;
    throw error;
  }
}
