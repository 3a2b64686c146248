import { createHash } from 'node:crypto';
import { posix } from 'node:path';

/** A tag may have 128 characters, and with a registry's `repository` our image's name is a tag. */
const longestName = 128;
/** In bytes, on the usual file systems. */
const longestFile = 255;

/** All that the names below need of a card. */
export interface NamedCard {
  name: string;
}

/**
 * The local name of an image: `ci-<model>_<Dockerfile>`, such as `ci-dummy_dummy.ubuntu.amd`, with `_<architecture>`
 * behind it where it is built for one of several. Always a valid image reference; where characters had to give way, a
 * hash keeps two names apart.
 */
export function imageName(card: NamedCard, dockerfilePath: string, architecture?: string): string {
  const parts = [card.name.replaceAll('/', '_'), ...partsOf(dockerfilePath, architecture)];
  const wanted = `ci-${parts.join('_')}`.toLowerCase();
  const valid = wanted
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/[._-]+/g, (run) => (/^(?:\.|__?|-+)$/.test(run) ? run : '-'))
    .replace(/[._-]+$/, '');
  if (valid === wanted && valid.length <= longestName) return valid;
  return `${valid.slice(0, longestName - 9).replace(/[._-]+$/, '')}-${shortHash(wanted)}`;
}

/** `<model>_<Dockerfile>.build.live.log`, in the folder of results; one for each architecture. */
export const buildLogName = (card: NamedCard, dockerfilePath: string, architecture?: string): string =>
  logName(card, partsOf(dockerfilePath, architecture), '.build.live.log');

/**
 * `<model>_<Dockerfile>.run.live.log`, with the architecture that the image's name ends with; without a Dockerfile (an
 * image of the user's), `<model>.run.live.log`.
 */
export function runLogName(card: NamedCard, dockerfilePath: string, image: string): string {
  const common = `${imageName(card, dockerfilePath)}_`;
  const architecture =
    dockerfilePath !== '' && image.startsWith(common) ? image.slice(common.length) : undefined;
  return logName(card, partsOf(dockerfilePath, architecture), '.run.live.log');
}

function logName(card: NamedCard, parts: readonly string[], suffix: string): string {
  const wanted = [card.name, ...parts].join('_').replaceAll('/', '_');
  const valid = wanted.replace(/[\p{Cc}\p{Cs}\u2028\u2029\\]/gu, '_').replace(/^\./, '_');
  const room = longestFile - suffix.length;
  if (valid === wanted && Buffer.byteLength(valid) <= room) return `${valid}${suffix}`;
  return `${cutToBytes(valid, room - 9)}-${shortHash(wanted)}${suffix}`;
}

/** `container_<image>`, with `_` for what a container's name can't hold. */
export function containerName(image: string): string {
  return `container_${image.replace(/[^a-zA-Z0-9_.-]/g, '_')}`;
}

/** What stands behind the model's name. */
const partsOf = (dockerfilePath: string, architecture?: string): string[] => [
  ...(dockerfilePath === '' ? [] : [dockerfileBase(dockerfilePath)]),
  ...(architecture === undefined ? [] : [architecture]),
];

const dockerfileBase = (path: string): string => posix.basename(path).replace(/\.Dockerfile$/, '');

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

function cutToBytes(text: string, bytes: number): string {
  let cut = '';
  let used = 0;
  for (const character of text) {
    used += Buffer.byteLength(character);
    if (used > bytes) break;
    cut += character;
  }
  return cut;
}
