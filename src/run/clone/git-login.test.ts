import { expect, test } from 'vitest';
import { Secret } from '../../foundation/secret.ts';
import type { CredentialEntry, Credentials } from '../../package/credential-file.ts';
import { parseCloneUrl } from './clone-address.ts';
import { gitLogin } from './git-login.ts';

const password = new Secret('X.password', 'open sesame');

const login = (url: string, cred: string, entries: Record<string, CredentialEntry>) =>
  gitLogin({
    card: { name: 'model', cred },
    address: parseCloneUrl(url),
    credentials: { entries: new Map(Object.entries(entries)) } as unknown as Credentials,
    packageDir: '/mad',
  });

test('a password goes to the host of the card alone, through the environment', () => {
  const { settings, env, secretEnv } = login('https://host:8/a', 'X', { X: { username: 'me', password } });
  expect(settings.map(([key]) => key)).toEqual([
    'credential.https://host:8.helper',
    'credential.https://host:8.helper',
    'credential.https://host:8.useHttpPath',
  ]);
  expect(settings[0]?.[1]).toBe('');
  expect(env).toEqual({});
  expect(Object.values(secretEnv).map((secret) => secret.reveal())).toEqual(['me', 'open sesame']);
  expect(JSON.stringify(settings)).not.toContain('sesame');
});

test('a key file is used alone, with the known hosts of the user, also when its path has blanks', () => {
  const X = { username: 'me', ssh_key_file: 'keys/my key' };
  const command = login('ssh://host/a', 'X', { X }).env.GIT_SSH_COMMAND;
  expect(command).toMatch(/^ssh -i '\/mad\/keys\/my key' -l me /);
  for (const option of ['IdentitiesOnly=yes', 'BatchMode=yes', 'StrictHostKeyChecking=yes'])
    expect(command).toContain(option);
  expect(command).not.toContain('UserKnownHostsFile');
  expect(login('git@host:a', 'X', { X }).env.GIT_SSH_COMMAND).not.toContain(' -l ');
});

test('known hosts of the package are enough, with the keys of the agent', () => {
  const command = login('git@host:a', 'X', { X: { known_hosts_file: 'known hosts' } }).env.GIT_SSH_COMMAND;
  expect(command).toContain(`'UserKnownHostsFile="/mad/known hosts"'`);
  expect(command).not.toContain('IdentitiesOnly');
});

test('the public key of GitHub is for cards without a credential, on GitHub alone', () => {
  const entries = { PUBLIC_GITHUB_ROCM_KEY: { username: 'me', token: password } };
  expect(Object.keys(login('https://github.com/a/b', '', entries).secretEnv)).toHaveLength(2);
  for (const url of [
    'https://github.com.evil.org/a',
    'http://github.com/a',
    'https://gitlab.com/a',
    'git@github.com:a/b',
  ])
    expect(login(url, '', entries)).toEqual({ settings: [], env: {}, secretEnv: {} });
});

test.each([
  ['https://h/a', {}, 'is nowhere'],
  ['https://h/a', { X: { username: 'me' } }, 'neither password nor token'],
  ['https://h/a', { X: { username: 'me', password: 'a\nhost=evil' } }, 'several lines'],
  ['git@h:a', { X: { username: 'me', password } }, 'ssh_key_file'],
  ['ssh://h/a', { X: { username: '-oProxyCommand=x', ssh_key_file: 'k' } }, 'a username that begins with -'],
])('for %s a credential %j is refused by name', (url, entries, why) => {
  expect(() => login(url, 'X', entries)).toThrow(
    new RegExp(`card model clones with the credential X, .*${why}`),
  );
});
