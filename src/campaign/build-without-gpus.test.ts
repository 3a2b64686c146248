import { isAbsolute, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

const sources = join(import.meta.dirname, '..');

/** Our files that an entry point brings into a bundle, loaded at once or later; what only types need is not in it. */
async function filesBehind(entry: string): Promise<string[]> {
  const bundle = await rolldown({
    input: join(sources, entry),
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    logLevel: 'silent',
  });
  const { output } = await bundle.generate();
  await bundle.close();
  const files = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  return files.map((file) => relative(sources, file));
}

test('no code that asks for GPUs is on the way of a build', async () => {
  const files = await filesBehind('campaign/build/build-campaign.ts');
  expect(files).toContain('image/build.ts');
  expect(files.filter((file) => file.startsWith('machine/device/'))).toEqual([]);
});

test('the same look at a run finds that code', async () => {
  expect(await filesBehind('campaign/run-campaign.ts')).toContain('machine/device/detect.ts');
});
