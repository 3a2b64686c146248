import {
  type CredentialEntry,
  type Credentials,
  credentialValue,
  revealed,
} from '../package/credential-file.ts';

/** A registry as typed, without scheme and closing slashes. */
export function bareRegistry(registry: string): string {
  return registry
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/+$/, '');
}

/** The names that mean Docker Hub; none at all does too. */
export function isDockerHub(bare: string): boolean {
  const name = bare.toLowerCase();
  return ['', 'dockerhub', 'docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(name);
}

/** The part before the first slash, where a login is kept. */
export const registryHost = (bare: string): string => bare.split('/', 1)[0] ?? bare;

/** The entry for a registry: by its whole value, then (`byHost`) by its host. Letter case doesn't matter. */
export function registryEntry(
  credentials: Credentials,
  bare: string,
  { byHost }: { byHost: boolean },
): CredentialEntry | undefined {
  const whole = isDockerHub(bare) ? ['dockerhub', 'docker.io'] : [bare];
  const names = byHost ? [...whole, ...hostNames(registryHost(bare))] : whole;
  for (const name of names) {
    const entry = entryNamed(credentials, name);
    if (entry) return entry;
  }
  return undefined;
}

const hostNames = (host: string): string[] => (isDockerHub(host) ? ['dockerhub', 'docker.io'] : [host]);

/** By its exact name, else in any letter case. */
function entryNamed(credentials: Credentials, name: string): CredentialEntry | undefined {
  const exact = credentials.entries.get(name);
  if (exact) return exact;
  for (const [key, entry] of credentials.entries) {
    if (bareRegistry(key).toLowerCase() === name.toLowerCase()) return entry;
  }
  return undefined;
}

/** A field's text, its name in any letter case; undefined when absent or empty. */
export const fieldOf = (entry: CredentialEntry | undefined, field: string): string | undefined =>
  revealed(credentialValue(entry, field)) || undefined;
