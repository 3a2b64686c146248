import { expect, test } from 'vitest';
import { Secret } from '../../foundation/secret.ts';
import type { Credentials } from '../../package/credential-file.ts';
import { credentialsOfFolder } from './credentials-of-folder.ts';

test('key files stay those of the folder where they were named; all else is as it was', () => {
  const password = new Secret('a.password', 'secret');
  const entry = { username: 'keys/me', password, ssh_key_file: 'keys/id', known_hosts_file: '/etc/hosts' };
  const credentials: Credentials = {
    entries: new Map([['a', entry]]),
    lists: new Map([['NAS_NODES', [{ SSH_KEY_FILE: '~/id' }, { SSH_KEY_FILE: 'id' }]]]),
    ...{ environment: new Map(), secrets: [password], origins: new Map(), warnings: [] },
  };
  const moved = credentialsOfFolder(credentials, '/mad');
  expect(moved.entries.get('a')).toEqual({ ...entry, ssh_key_file: '/mad/keys/id' });
  expect(moved.lists.get('NAS_NODES')).toEqual([{ SSH_KEY_FILE: '~/id' }, { SSH_KEY_FILE: '/mad/id' }]);
  expect(moved.secrets).toEqual([password]);
});
