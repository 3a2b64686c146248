import { existsSync, statSync } from 'node:fs';
import { errnoOf } from '../../foundation/file/errno.ts';
import { lockKindFor, tryLock } from '../../foundation/file/lock.ts';
import { isId } from '../../foundation/id.ts';
import { lockPathOf } from './campaign-folder.ts';

/**
 * Whether a campaign of any results root still runs; `unknown` when its results root or the id tell nothing, or this user
 * may not look.
 */
export function campaignState(resultsRoot: string, id: string): 'live' | 'dead' | 'unknown' {
  if (!isId(id) || !existsSync(resultsRoot)) return 'unknown';
  try {
    const path = lockPathOf(resultsRoot, id);
    // `existsSync` would take what is hidden for what isn't there.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return 'dead';
    const lock = tryLock(path, lockKindFor(path));
    lock?.release();
    return lock ? 'dead' : 'live';
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error) ?? '')) return 'unknown';
    throw error;
  }
}
