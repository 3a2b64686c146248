import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const sources = join(import.meta.dirname, '..');

/** Our files that an entry point brings into a bundle, loaded at once or later; what only types need is not in it. */
async function filesBehind(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [join(sources, entry)],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
    absWorkingDir: sources,
  });
  return Object.keys(metafile.inputs).map((file) => relative(sources, join(sources, file)));
}

test('no code that asks for GPUs is on the way of a build', async () => {
  const files = await filesBehind('campaign/build/build-campaign.ts');
  expect(files).toContain('image/build.ts');
  expect(files.filter((file) => file.startsWith('machine/device/'))).toEqual([]);
});

test('the same look at a run finds that code', async () => {
  expect(await filesBehind('campaign/run-campaign.ts')).toContain('machine/device/detect.ts');
});
