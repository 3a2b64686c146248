import { rename, rm } from 'node:fs/promises';
import { temporaryBeside } from '../../foundation/file/atomic-write.ts';
import { errnoOf } from '../../foundation/file/errno.ts';

/**
 * Puts a folder in the place of what has its name, whole; `make` makes it under a name of its own. Runs that end at the same
 * time may both be at it: whoever comes last has it.
 */
export async function replaceFolder(to: string, make: (fresh: string) => Promise<void>): Promise<void> {
  const [fresh, old] = [temporaryBeside(to), temporaryBeside(to)];
  try {
    await make(fresh);
    for (let tries = 0; ; tries++) {
      await rename(to, old).catch(ignoring('ENOENT'));
      if (await rename(fresh, to).then(() => true, ignoring('ENOTEMPTY', 'EEXIST'))) return;
      if (tries >= 20) throw new Error(`${to} is replaced by others again and again`);
      await rm(old, { recursive: true, force: true });
    }
  } finally {
    await Promise.all([fresh, old].map((path) => rm(path, { recursive: true, force: true })));
  }
}

function ignoring(...codes: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes(errnoOf(error) ?? '')) throw error;
  };
}
