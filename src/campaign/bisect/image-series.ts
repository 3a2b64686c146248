import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { parseImageReference } from '../../image/reference.ts';
import type { BisectOptions } from './options.ts';
import { type Candidate, requireRange } from './series.ts';

const longestFile = 4 * 1024 * 1024;

/** The images of `--image-list` from the good to the bad one. Throws INVALID_ARGUMENT, INVALID_FILE. */
export async function imageSeries(
  { imageList, good, bad }: Pick<BisectOptions, 'imageList' | 'good' | 'bad'>,
  cwd: string,
): Promise<Candidate[]> {
  const listed = await listOf(imageList, cwd);
  for (const image of listed) checkImage(image);
  const twice = listed.find((image, index) => listed.indexOf(image) !== index);
  if (twice !== undefined) {
    throw new MadError('INVALID_ARGUMENT', `--image-list names ${twice} twice`, {
      hint: 'Each change is one image: name it once, in the order in which they were made.',
    });
  }
  const from = placeOf(good, '--good', listed) ?? 0;
  const to = placeOf(bad, '--bad', listed) ?? listed.length - 1;
  // A list may begin with the latest, as those of registries do.
  const range = from <= to ? listed.slice(from, to + 1) : listed.slice(to, from + 1).toReversed();
  return requireRange(range.map((image) => ({ id: image, label: image })));
}

/** One name that a file has means that file: an image alone is no range. */
async function listOf(images: readonly string[], cwd: string): Promise<readonly string[]> {
  const [only, second] = images;
  if (only === undefined) {
    throw new MadError('INVALID_ARGUMENT', 'no images to look through', {
      hint: 'Name them in their order: --image-list app:1 app:2 app:3, or a file with one on each line.',
    });
  }
  if (second !== undefined) return images;
  const path = resolve(cwd, only);
  const facts = await stat(path).catch(() => undefined);
  if (!facts?.isFile()) {
    throw new MadError('INVALID_ARGUMENT', `--image-list ${only} is one image, or a file that is not there`, {
      hint: 'Name at least two images, or a file with one on each line.',
    });
  }
  if (facts.size > longestFile) {
    throw new MadError('INVALID_FILE', `${only} is too long for a list of images: ${facts.size} bytes`);
  }
  const lines = (await readFile(path, 'utf8')).split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

function checkImage(image: string): void {
  try {
    parseImageReference(image);
  } catch (error) {
    if (!(error instanceof MadError)) throw error;
    throw new MadError(
      'INVALID_ARGUMENT',
      `--image-list: ${error.message}`,
      error.hint ? { hint: error.hint } : {},
    );
  }
}

function placeOf(image: string | undefined, option: string, listed: readonly string[]): number | undefined {
  if (image === undefined) return undefined;
  const at = listed.indexOf(image);
  if (at >= 0) return at;
  throw new MadError('INVALID_ARGUMENT', `${option} ${JSON.stringify(image)} is none of the images`, {
    hint: `--image-list has ${listed.slice(0, 5).join(', ')}${listed.length > 5 ? ', …' : ''}.`,
  });
}
