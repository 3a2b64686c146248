import { Secret } from '../../foundation/secret.ts';
import { type CredentialEntry, type Credentials, ownFile, revealed } from '../../package/credential-file.ts';

/** The same credentials for a package in another folder: the files that they name stay those of `folder`. */
export function credentialsOfFolder(credentials: Credentials, folder: string): Credentials {
  const entryOf = (entry: CredentialEntry): CredentialEntry =>
    Object.fromEntries(
      Object.entries(entry).map(([key, value]) => {
        const file = /(?:key|known_hosts)_file$/i.test(key) ? ownFile(revealed(value), folder) : undefined;
        if (file === undefined) return [key, value];
        return [key, value instanceof Secret ? new Secret(value.name, file) : file];
      }),
    );
  return {
    ...credentials,
    entries: new Map([...credentials.entries].map(([name, entry]) => [name, entryOf(entry)])),
    lists: new Map([...credentials.lists].map(([name, list]) => [name, list.map(entryOf)])),
  };
}
