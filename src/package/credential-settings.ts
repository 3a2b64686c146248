import { mask, Secret } from '../foundation/secret.ts';
import type { CredentialEntry, Credentials } from './credential-file.ts';

/** A value of a credential as people may see it. */
export interface CredentialSetting {
  /** Such as `dockerhub.username` or `NAS_NODES[0].HOST`. */
  name: string;
  /** JSON text, or the mask. */
  value: string;
  /** `credential.json` or `environment`. */
  origin: string;
}

/** Every credential there is, with where it came from; what may be secret is masked. */
export function credentialSettings({
  entries,
  lists,
  environment,
  origins,
}: Credentials): CredentialSetting[] {
  const of = (name: string, label: string, entry: CredentialEntry): CredentialSetting[] => {
    const origin = origins.get(name) === 'credential.json' ? 'credential.json' : 'environment';
    return Object.entries(entry).map(([key, value]) => ({
      name: `${label}.${key}`,
      value: value instanceof Secret ? mask : JSON.stringify(value),
      origin,
    }));
  };
  return [
    ...[...entries].flatMap(([name, entry]) => of(name, name, entry)),
    ...[...lists].flatMap(([name, items]) =>
      items.flatMap((entry, index) => of(name, `${name}[${index}]`, entry)),
    ),
    ...[...environment.keys()].map((name) => ({ name, value: mask, origin: 'environment' })),
  ];
}
