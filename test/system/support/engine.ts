import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './folder.ts';

const execute = promisify(execFile);

/** The engine's answer to a `docker` command line; fails with what it wrote to standard error. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await execute('docker', args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

/** Ids of all containers, stopped ones too, with this label (`name` or `name=value`). */
export async function containersWithLabel(label: string): Promise<string[]> {
  const ids = await docker('ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${label}`);
  return ids.split('\n').filter((id) => id !== '');
}

/** Removes tags; an image that is not there is fine. */
export async function removeImages(...images: string[]): Promise<void> {
  for (const image of images) await docker('rmi', '--force', image).catch(() => undefined);
}

/** An image made of this Dockerfile alone, which goes with the test that calls this. */
export async function buildImage(image: string, dockerfile: string): Promise<void> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'Dockerfile'), dockerfile);
  await docker('build', '--quiet', '--network', 'none', '--tag', image, folder);
  onTestFinished(() => removeImages(image));
}
