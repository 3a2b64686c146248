import { Secret } from '../foundation/secret.ts';
import type { Engine } from '../machine/engine/engine.ts';
import { TransferError } from '../machine/engine/transfer-error.ts';
import { type Credentials, credentialValue } from '../package/credential-file.ts';
import { parseImageReference } from './reference.ts';
import { bareRegistry, fieldOf, isDockerHub, registryEntry, registryHost } from './registry-entry.ts';

/** What an engine needs to log in. */
export interface RegistryLogin {
  /** The host, which is what engines keep logins by. */
  registry: string;
  username: string;
  password: Secret;
}

/**
 * The login for a registry: by its full value, then its host; `docker.io`, `dockerhub` and '' are Docker Hub.
 * undefined when there are no user and password: then the engine's own store serves.
 */
export function loginFor(registry: string, credentials: Credentials): RegistryLogin | undefined {
  const bare = bareRegistry(registry);
  const entry = registryEntry(credentials, bare, { byHost: true });
  const username = fieldOf(entry, 'username');
  const password = credentialValue(entry, 'password');
  if (username === undefined || password === undefined || fieldOf(entry, 'password') === undefined)
    return undefined;
  const host = isDockerHub(bare) ? 'docker.io' : registryHost(bare);
  return {
    registry: host,
    username,
    password: password instanceof Secret ? password : new Secret(`${host} password`, password),
  };
}

/**
 * The login for an image in a registry: that of the first of `registries` (as typed, with a path or without) where the
 * image is, else that of the image's own host.
 */
export function loginForImage(
  image: string,
  registries: readonly (string | undefined)[],
  credentials: Credentials,
): RegistryLogin | undefined {
  const { host, path } = parseImageReference(image);
  const whole = `${host ?? 'docker.io'}/${path}/`;
  const typed = registries.find((one) => one !== undefined && whole.startsWith(`${nameOf(one)}/`));
  return loginFor(typed ?? host ?? '', credentials);
}

/** The login for a base image, as a Dockerfile names it; none for what is no reference, such as `$BASE`. */
export function loginForBase(base: string, credentials: Credentials): RegistryLogin | undefined {
  try {
    return loginForImage(base, [], credentials);
  } catch {
    return undefined;
  }
}

const nameOf = (registry: string): string => {
  const bare = bareRegistry(registry);
  return isDockerHub(bare) ? 'docker.io' : bare;
};

/** Logins that are done or under way, by client folder and registry. */
const logins = new WeakMap<Engine, Map<string, Promise<void>>>();

/**
 * Logs in once per registry, user and client folder. A refused login is remembered, so that many images don't lock an
 * account; any other failure may be tried again. Throws LOGIN_FAILED.
 */
export function loginOnce(
  engine: Engine,
  login: RegistryLogin,
  configDir: string,
  signal?: AbortSignal,
): Promise<void> {
  const known = logins.get(engine) ?? new Map<string, Promise<void>>();
  logins.set(engine, known);
  const key = JSON.stringify([configDir, login.registry, login.username]);
  const before = known.get(key);
  if (before) return before;
  const access = { configDir, ...(signal ? { signal } : {}) };
  const attempt = engine.login(login.registry, login.username, login.password, access);
  known.set(key, attempt);
  attempt.catch((error: unknown) => {
    if (!isRefusal(error)) known.delete(key);
  });
  return attempt;
}

const isRefusal = (error: unknown): boolean =>
  error instanceof TransferError && error.problem === 'unauthorized';
