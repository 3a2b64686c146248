/** How git logs in for a clone: secrets go through the environment of git alone, never through argv or a file. */
import { MadError } from '../../foundation/error.ts';
import { Secret } from '../../foundation/secret.ts';
import { type SshLogin, sshWordProblem, sshWords } from '../../machine/ssh/ssh-words.ts';
import type { ModelCard } from '../../package/card.ts';
import {
  type CredentialEntry,
  type Credentials,
  credentialValue,
  ownFile,
  revealed,
} from '../../package/credential-file.ts';
import { quote } from '../../stage/quote.ts';
import type { CloneAddress } from './clone-address.ts';

export interface GitLogin {
  /** `key=value` settings for git, in order. */
  settings: readonly (readonly [string, string])[];
  env: Record<string, string>;
  secretEnv: Record<string, Secret>;
  /** What ssh was told by the credential. */
  ssh?: SshLogin;
}

export interface GitLoginOptions {
  card: Pick<ModelCard, 'name' | 'cred'>;
  address: CloneAddress;
  credentials: Credentials;
  /** Where a key file's relative path begins. */
  packageDir: string;
}

const userVariable = 'MADENGINE_GIT_USERNAME';
const passwordVariable = 'MADENGINE_GIT_PASSWORD';
/** `printf` is part of the shell, so that the password is in no command line (gitcredentials(7)). */
const helper = `!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$${userVariable}" "$${passwordVariable}"; }; f`;

/** For `https://github.com` where the card names no credential. */
const publicGithub = 'PUBLIC_GITHUB_ROCM_KEY';
/** GitHub takes a token with any name; this is the one that it documents. */
const tokenUser = 'x-access-token';

/** Throws INVALID_FILE that names card and credential where one is missing or doesn't fit. */
export function gitLogin(options: GitLoginOptions): GitLogin {
  const { card, address, credentials } = options;
  if (card.cred === '') {
    const entry = credentials.entries.get(publicGithub);
    return entry && address.site === 'https://github.com'
      ? httpLogin(entry, publicGithub, options)
      : { settings: [], env: {}, secretEnv: {} };
  }
  const entry = credentials.entries.get(card.cred);
  if (!entry) {
    throw new MadError(
      'INVALID_FILE',
      `card ${card.name} clones with the credential ${card.cred}, which is nowhere`,
      {
        hint: `Add "${card.cred}" to credential.json: {"username": …, "password": …}, or {"ssh_key_file": …} for ssh.`,
      },
    );
  }
  if (address.scheme === 'ssh') return sshLogin(entry, options);
  return address.site === ''
    ? { settings: [], env: {}, secretEnv: {} }
    : httpLogin(entry, card.cred, options);
}

/** For one host and its submodules there; other hosts keep the helpers that the user has for them. */
function httpLogin(entry: CredentialEntry, name: string, { card, address }: GitLoginOptions): GitLogin {
  const password = credentialValue(entry, 'password') ?? credentialValue(entry, 'token');
  const username = credentialValue(entry, 'username') ?? credentialValue(entry, 'user') ?? tokenUser;
  if (password === undefined) {
    throw unusable(card, name, 'has neither password nor token, which an address of http needs');
  }
  for (const value of [username, password]) {
    if (/[\r\n\0]/.test(revealed(value) ?? '')) throw unusable(card, name, 'has a value of several lines');
  }
  const key = `credential.${address.site}.helper`;
  return {
    settings: [
      [key, ''],
      [key, helper],
      [`credential.${address.site}.useHttpPath`, 'false'],
    ],
    env: {},
    secretEnv: {
      [userVariable]: asSecret(username, `${name}.username`),
      [passwordVariable]: asSecret(password, `${name}.password`),
    },
  };
}

const asSecret = (value: Secret | string, name: string): Secret =>
  value instanceof Secret ? value : new Secret(name, value);

/** Without a key file it is the agent, ssh_config and the person's own keys that log in. */
function sshLogin(entry: CredentialEntry, { card, address, packageDir }: GitLoginOptions): GitLogin {
  const file = (key: string): string | undefined =>
    ownFile(revealed(credentialValue(entry, key)), packageDir);
  const keyFile = file('ssh_key_file');
  const knownHostsFile = file('known_hosts_file');
  if (keyFile === undefined && knownHostsFile === undefined)
    throw unusable(card, card.cred, 'has no ssh_key_file, which an address of ssh needs');
  const user = address.hasUser ? undefined : revealed(credentialValue(entry, 'username'));
  const problem = user === undefined ? undefined : sshWordProblem(user);
  if (problem !== undefined) throw unusable(card, card.cred, `has a username that ${problem}`);
  const ssh: SshLogin = {
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(knownHostsFile === undefined ? {} : { knownHostsFile }),
    ...(user === undefined ? {} : { user }),
  };
  return {
    settings: [],
    env: { GIT_SSH_COMMAND: sshWords(ssh).map(quote).join(' '), GIT_SSH_VARIANT: 'ssh' },
    secretEnv: {},
    ssh,
  };
}

function unusable(card: { name: string }, name: string, why: string): MadError {
  return new MadError('INVALID_FILE', `card ${card.name} clones with the credential ${name}, which ${why}`, {
    hint: `Correct ${name} in credential.json, or the url of the card.`,
  });
}
