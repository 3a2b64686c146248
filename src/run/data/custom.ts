import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { packagePath, quoted } from '../../package/package-path.ts';
import type { DataProvider, Refusal } from './provider.ts';

/** A script of the package, which brings the data itself, inside the container. */
export const custom: DataProvider = {
  kind: 'custom',
  async check({ path }, { packageDir }) {
    const script = packagePath(path);
    if (script === undefined) return forGood(`the script ${quoted(path)} is outside the package`);
    const facts = await stat(join(packageDir, script)).catch(() => undefined);
    return facts?.isFile() ? undefined : forGood(`the package has no script ${quoted(path)}`);
  },
};

const forGood = (why: string): Refusal => ({ why, passes: false });
