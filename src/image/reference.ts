import { MadError } from '../foundation/error.ts';
import type { Credentials } from '../package/credential-file.ts';
import { bareRegistry, fieldOf, isDockerHub, registryEntry } from './registry-entry.ts';

/** An image reference, taken apart as the engines do. */
export interface ImageReference {
  /** `localhost:5000`, `gcr.io`; undefined for the engine's default registry. */
  host: string | undefined;
  /** Everything between host and tag, such as `rocm/pytorch`. */
  path: string;
  tag: string | undefined;
  /** `sha256:…` */
  digest: string | undefined;
}

const component = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const hostPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digestPattern = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/;
const longestPath = 255;

/** Throws INVALID_ARGUMENT that says which part is wrong. */
export function parseImageReference(text: string): ImageReference {
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !digestPattern.test(digest))) {
    throw invalid(text, "behind '@' stands a digest such as sha256:…");
  }
  const { host, rest } = withoutHost(named);
  if (host !== undefined && !hostPattern.test(host))
    throw invalid(text, `${JSON.stringify(host)} is no host`);
  const colon = rest.indexOf(':');
  const path = colon === -1 ? rest : rest.slice(0, colon);
  const tag = colon === -1 ? undefined : rest.slice(colon + 1);
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw invalid(text, 'a tag has up to 128 letters, digits, _, . and -');
  }
  const wrong = path.split('/').find((part) => !component.test(part));
  if (wrong !== undefined) {
    throw invalid(
      text,
      `${JSON.stringify(wrong)} is no part of an image's path (small letters, digits, single . _ or -)`,
    );
  }
  if ((host ?? '').length + path.length > longestPath)
    throw invalid(text, 'it is longer than 255 characters');
  return { host, path, tag, digest };
}

export function isImageReference(text: string): boolean {
  try {
    parseImageReference(text);
    return true;
  } catch {
    return false;
  }
}

/** The first part is a host only when it looks like one: `rocm/x` has none, `localhost/x` and `a.b/x` have. */
function withoutHost(named: string): { host: string | undefined; rest: string } {
  const slash = named.indexOf('/');
  const first = named.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  return isHost ? { host: first, rest: named.slice(slash + 1) } : { host: undefined, rest: named };
}

function invalid(text: string, why: string): MadError {
  const shown = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
  return new MadError('INVALID_ARGUMENT', `${shown} is no image reference: ${why}.`, {
    hint: 'Write it as [host[:port]/]path[:tag], such as localhost:5000/group/image:1.0.',
  });
}

export function printImageReference({ host, path, tag, digest }: ImageReference): string {
  return `${host === undefined ? '' : `${host}/`}${path}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The same image by its content: `host/path@sha256:…`. */
export function withDigest(image: string, digest: string): string {
  return printImageReference({ ...parseImageReference(image), tag: undefined, digest });
}

/**
 * The name of a local image in a registry. `repository` of the registry's own entry in the credentials makes our name a
 * tag, `R/<repository>:<image>`; Docker Hub without one takes the user's name. Throws INVALID_ARGUMENT for a registry
 * that makes no reference.
 */
export function registryImage(registry: string, credentials: Credentials, image: string): string {
  const bare = bareRegistry(registry);
  const entry = registryEntry(credentials, bare, { byHost: false });
  const repository = fieldOf(entry, 'repository')?.replace(/^\/+|\/+$/g, '');
  const name = repository ? `${repository}:${image}` : image;
  if (!isDockerHub(bare)) return checked(`${bare}/${name}`);
  const user = fieldOf(entry, 'username')?.toLowerCase();
  if (repository || user === undefined) return checked(name);
  if (component.test(user)) return checked(`${user}/${image}`);
  throw new MadError(
    'INVALID_ARGUMENT',
    'Docker Hub: the user name in the credentials is no place for images.',
    {
      hint: 'Add "repository": "<group>/<name>" to the entry "dockerhub" in credential.json (or MAD_DOCKERHUB_REPO).',
    },
  );
}

function checked(reference: string): string {
  parseImageReference(reference);
  return reference;
}
