import { existsSync } from 'node:fs';
import { lockKindFor, tryLock } from '../../foundation/file/lock.ts';
import { isId } from '../../foundation/id.ts';
import { lockPathOf } from './campaign-folder.ts';

/** Whether a campaign of any results root still runs; `unknown` when its results root or the id tell nothing. */
export function campaignState(resultsRoot: string, id: string): 'live' | 'dead' | 'unknown' {
  if (!isId(id) || !existsSync(resultsRoot)) return 'unknown';
  const path = lockPathOf(resultsRoot, id);
  if (!existsSync(path)) return 'dead';
  const lock = tryLock(path, lockKindFor(path));
  lock?.release();
  return lock ? 'dead' : 'live';
}
