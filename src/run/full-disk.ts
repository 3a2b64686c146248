import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../foundation/file/errno.ts';

/** Less room than this is none: a program that needs a file needs more. */
const leastBytes = 64 * 1024;

/**
 * Whether nothing more can be written into a folder, found out by writing: free blocks say nothing of quotas, nor of what
 * only root may use.
 */
export async function isFull(folder: string): Promise<boolean> {
  const path = join(folder, `room-${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(randomBytes(leastBytes));
    } finally {
      await file.close();
    }
    return false;
  } catch (error) {
    return ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}
