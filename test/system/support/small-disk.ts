import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './folder.ts';

/** Why no file system can be mounted here; undefined where one can. */
export const noSmallDisk = ((): string | undefined => {
  const folder = mkdtempSync(join(tmpdir(), 'madengine-test-'));
  try {
    mount(folder, 1);
    execFileSync('umount', [folder]);
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n').slice(0, 2).join(' ');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
})();

/** A folder with a file system of its own, which so many MiB fill, and which goes with the test. */
export async function smallDisk(mebibytes: number): Promise<string> {
  const folder = await temporaryFolder();
  mount(folder, mebibytes);
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));
  return folder;
}

function mount(folder: string, mebibytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'madengine-test', folder], {
    stdio: 'pipe',
  });
}
