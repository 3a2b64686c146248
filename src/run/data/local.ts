import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errnoOf } from '../../foundation/file/errno.ts';
import { quoted } from '../../package/package-path.ts';
import type { DataProvider } from './provider.ts';

/** A file or folder of this machine, mounted as it is. */
export const local: DataProvider = {
  kind: 'local',
  async check({ path, mirrorlocal }, { packageDir }) {
    if (mirrorlocal !== undefined)
      return {
        why: 'mirrorlocal makes no sense here: local data is on this machine already',
        passes: false,
      };
    try {
      await stat(resolve(packageDir, path));
      return undefined;
    } catch (error) {
      const wrong = errnoOf(error) === 'EACCES' ? 'may not be read' : 'is not on this machine';
      return { why: `${quoted(path)} ${wrong}`, passes: false };
    }
  },
};
