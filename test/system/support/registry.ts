import { readFile } from 'node:fs/promises';
import { inject } from 'vitest';

/** The registry with a login: what a `credential.json` or `MAD_DOCKERHUB_*` must hold. */
export async function registryLogin(): Promise<{ registry: string; username: string; password: string }> {
  const { authRegistry, authUser, authPasswordFile } = inject('servers');
  return { registry: authRegistry, username: authUser, password: await readFile(authPasswordFile, 'utf8') };
}

/**
 * The digest that a registry holds for a tag, by its HTTP interface, so that no engine's cache answers in its place;
 * undefined when it holds none.
 */
export async function pushedDigest(
  registry: string,
  repository: string,
  tag: string,
): Promise<string | undefined> {
  const login = await registryLogin();
  const basic = Buffer.from(`${login.username}:${login.password}`).toString('base64');
  const response = await fetch(`http://${registry}/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD',
    headers: {
      accept:
        'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json',
      ...(registry === login.registry ? { authorization: `Basic ${basic}` } : {}),
    },
  });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${registry} answers ${response.status} for ${repository}:${tag}`);
  return response.headers.get('docker-content-digest') ?? undefined;
}
