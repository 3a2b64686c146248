import type { ImageInfo } from '../machine/engine/engine.ts';
import { parseImageReference } from './reference.ts';

/** The digest, `sha256:…`, that an image has in the repository of `reference`; else in any; '' when in none. */
export function digestOf(info: ImageInfo, reference: string): string {
  const repository = repositoryOf(reference);
  const known = info.repoDigests.map((text) => {
    const at = text.lastIndexOf('@');
    return { repository: repositoryOf(text.slice(0, at)), digest: text.slice(at + 1) };
  });
  const match = known.find((each) => each.repository === repository) ?? known[0];
  return match?.digest ?? '';
}

/** Without tag and digest, and with Docker Hub's host left out, as engines write it in different ways. */
function repositoryOf(reference: string): string {
  try {
    const { host, path } = parseImageReference(reference);
    const hub = host === undefined || host === 'docker.io' || host === 'index.docker.io';
    return hub ? path.replace(/^library\//, '') : `${host}/${path}`;
  } catch {
    return reference;
  }
}
