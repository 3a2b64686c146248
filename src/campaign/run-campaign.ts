import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MadError } from '../foundation/error.ts';
import { buildAndRun } from './build-and-run.ts';
import { checkPlaces } from './check-places.ts';
import { checkDataOptions } from './data-options.ts';
import type { CampaignOutcome, RunOptions, Surroundings } from './options.ts';
import { knownFailuresOf, type RunExtras } from './run-frame.ts';
import { runManifest } from './run-manifest.ts';
import { withPlugins } from './with-plugins.ts';

/**
 * The `run` command: a manifest that is named is run; without one, the tags are built and run.
 */
export async function runCampaign(
  options: RunOptions,
  outside: Surroundings,
  { ahead, resume }: RunExtras = {},
): Promise<CampaignOutcome> {
  const around = await withPlugins(options, outside, () => import('../plugin/as-target.ts'));
  await checkPlaces(options, around);
  const known = await knownFailuresOf(options, around);
  await checkDataOptions(options, around);
  const manifestFile = await usableManifest(options, around);
  return manifestFile === undefined
    ? buildAndRun(options, known, around, resume)
    : runManifest(options, manifestFile, known, around, { ahead, resume });
}

/** undefined when the whole workflow is to be done. */
async function usableManifest(options: RunOptions, around: Surroundings): Promise<string | undefined> {
  const { manifestFile, tags } = options;
  if (manifestFile !== undefined) {
    const path = resolve(around.cwd, manifestFile);
    if (await isThere(path)) return path;
    if (tags.length === 0) {
      throw new MadError('FILE_NOT_FOUND', `no manifest at ${manifestFile}, and no tags to build`, {
        hint: 'Correct --manifest-file, or add --tags to build and run.',
      });
    }
    around.events.emit({
      type: 'notice',
      level: 'warning',
      code: 'NO_MANIFEST',
      message: `no manifest at ${manifestFile}: building the tags first, then running them`,
    });
    return undefined;
  }
  if (tags.length > 0) return undefined;
  const beside = (await isThere(join(around.cwd, 'build_manifest.json')))
    ? 'There is a build_manifest.json here: run it with `--manifest-file build_manifest.json`.'
    : 'Give `--tags` to build and run, or `--manifest-file` to run what was built.';
  throw new MadError('INVALID_ARGUMENT', 'neither tags nor a manifest: nothing was asked for', {
    hint: beside,
  });
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
}
