/** Which of a run's variables travel as secrets: in the environment of the engine's client, and in no command line. */
import { type Scrubber, Secret } from '../foundation/secret.ts';
import type { Credentials } from '../package/credential-file.ts';

type Variables = Readonly<Record<string, string>>;
type SecretVariables = Readonly<Record<string, Secret>>;

/** `<CRED>_<KEY>` for each field of the card's credential, and every `MAD_SECRETS*`. */
export function secretVariables(
  cred: string,
  credentials: Credentials,
  envSecrets: readonly Secret[],
): SecretVariables {
  const set: Record<string, Secret> = {};
  for (const secret of envSecrets) set[secret.name] = secret;
  for (const [key, value] of Object.entries(credentials.entries.get(cred) ?? {})) {
    const name = `${cred}_${key}`.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
    set[name] = value instanceof Secret ? value : new Secret(`${cred}.${key}`, value);
  }
  return set;
}

/**
 * Takes the variables out that hold a known secret: a context or a card may repeat one, as it is or in an address such as
 * `https://user:token@host`. Everybody can read command lines, and whoever may ask the engine what a container has.
 */
export function splitSecrets(
  variables: Variables,
  scrubber: Scrubber,
): { plain: Variables; secret: SecretVariables } {
  const entries = Object.entries(variables);
  const isSecret = ([, value]: [string, string]): boolean => scrubber.scrub(value) !== value;
  const secrets = entries.filter(isSecret).map(([name, value]) => [name, new Secret(name, value)] as const);
  if (secrets.length === 0) return { plain: variables, secret: {} };
  return {
    plain: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
    secret: Object.fromEntries(secrets),
  };
}
