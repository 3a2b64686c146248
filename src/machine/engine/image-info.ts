import { MadError } from '../../foundation/error.ts';
import type { ImageInfo } from './engine.ts';

/** The parts of `image inspect` that we read; docker and podman agree on them. */
interface InspectedImage {
  Id?: string;
  RepoDigests?: string[] | null;
  RepoTags?: string[] | null;
  Config?: { Env?: string[] | null } | null;
  Architecture?: string;
  Size?: number;
}

/** Reads the JSON list that `image inspect` prints. Throws ENGINE_FAILED when it is something else. */
export function parseImageInspect(image: string, output: string): ImageInfo {
  const first = firstOf(output);
  if (typeof first?.Id !== 'string') {
    throw new MadError('ENGINE_FAILED', `The engine described the image ${image} in an unknown form.`);
  }
  return {
    // podman leaves the algorithm out.
    id: first.Id.includes(':') ? first.Id : `sha256:${first.Id}`,
    repoDigests: first.RepoDigests ?? [],
    tags: first.RepoTags ?? [],
    env: Object.fromEntries((first.Config?.Env ?? []).map(splitVariable)),
    architecture: first.Architecture ?? '',
    bytes: first.Size ?? 0,
  };
}

function firstOf(output: string): InspectedImage | undefined {
  try {
    const list: unknown = JSON.parse(output);
    return Array.isArray(list) ? (list[0] as InspectedImage | undefined) : undefined;
  } catch {
    return undefined;
  }
}

function splitVariable(entry: string): [string, string] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}

/** Whether the engine has this image from nowhere: asking a registry for a newer one would fail. */
export function isLocalOnly(image: string, info: ImageInfo): boolean {
  const repository = repositoryOf(image);
  return !info.repoDigests.some((digest) => repositoryOf(digest) === repository);
}

/** Registry and repository without tag and digest, Docker Hub's in their short form. */
function repositoryOf(image: string): string {
  const [name = ''] = image.split('@');
  return name
    .replace(/:[^/:]*$/, '')
    .replace(/^(index\.)?docker\.io\//, '')
    .replace(/^library\//, '');
}
