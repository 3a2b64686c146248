/** Which machines a NAS path may be on: `NAS_NODES`, or the host that the path itself names. */
import { posix } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import { Secret } from '../../foundation/secret.ts';
import { type SshLogin, sshWordProblem } from '../../machine/ssh/ssh-words.ts';
import {
  type CredentialEntry,
  type Credentials,
  credentialValue,
  ownFile,
  revealed,
} from '../../package/credential-file.ts';
import { controlCharacters, quoted } from '../../package/package-path.ts';

export interface NasNode {
  /** For messages: its NAME, else its host. */
  name: string;
  host: string;
  login: SshLogin;
}

/** Where one source is, node by node in the order in which they are tried. */
export interface NasPlace {
  nodes: readonly NasNode[];
  /** Absolute, without a slash at its end. */
  path: string;
}

const variable = 'NAS_NODES';
/** `host:/path`, as scp and rsync have it. */
const ownHost = /^(?:([^/:@\s]+)@)?([^/:@\s]+):(\/.*)$/;

/** Throws INVALID_FILE, or INVALID_ENVIRONMENT where the variable is at fault; no message shows a value that may be secret. */
export function nasPlace(written: string, credentials: Credentials, packageDir: string): NasPlace {
  const [, user, host, onHost] = ownHost.exec(written) ?? [];
  const path = requirePath(onHost ?? written, written);
  const known = nasNodes(credentials, packageDir);
  if (host === undefined) {
    if (known.length > 0) return { nodes: known, path };
    throw new MadError('INVALID_FILE', `there are no ${variable}, and ${quoted(written)} names no host`, {
      hint: `Put ${variable} into credential.json: [{"HOST": …, "USERNAME": …, "PASSWORD": …}], or write the path as host:${path}.`,
    });
  }
  const fitting = known.filter((node) => node.name === host || node.host === host);
  const nodes =
    fitting.length > 0 ? fitting : [{ name: host, host: requireWord(host, 'host', written), login: {} }];
  if (user === undefined) return { nodes, path };
  requireWord(user, 'user', written);
  return { nodes: nodes.map((node) => ({ ...node, login: { ...node.login, user } })), path };
}

function requirePath(path: string, written: string): string {
  const trimmed = posix.normalize(path).replace(/\/+$/, '');
  const why =
    path.trim() === ''
      ? 'is empty'
      : !path.startsWith('/')
        ? 'is not absolute'
        : trimmed === ''
          ? 'is the whole machine'
          : controlCharacters.test(path)
            ? 'has control characters in it'
            : path.split('/').includes('..')
              ? 'has .. in it'
              : // rsync takes a backslash for itself where there are wildcards, and quotes it nowhere.
                path.includes('\\') && /[*?[]/.test(path)
                ? 'has a backslash beside *, ? or ['
                : undefined;
  if (why === undefined) return trimmed;
  throw new MadError('INVALID_FILE', `the path ${quoted(written)} ${why}`, {
    hint: 'A NAS path names a folder or file of the node, such as /data/imagenet or nas-1:/data/imagenet.',
  });
}

function requireWord(word: string, what: string, written: string): string {
  const problem = sshWordProblem(word);
  if (problem === undefined) return word;
  throw new MadError('INVALID_FILE', `the ${what} in ${quoted(written)} ${problem}`);
}

/** In the order of the list; one object counts as a list of one. */
export function nasNodes(credentials: Credentials, packageDir: string): NasNode[] {
  const one = credentials.entries.get(variable);
  const list = credentials.lists.get(variable) ?? (one ? [one] : []);
  const fromEnvironment = credentials.origins.get(variable) === variable;
  const wrong = (where: string, why: string): MadError =>
    new MadError(fromEnvironment ? 'INVALID_ENVIRONMENT' : 'INVALID_FILE', `${where} ${why}`, {
      hint: `A node is {"NAME": …, "HOST": …, "PORT": 22, "USERNAME": …, "PASSWORD": …} in ${fromEnvironment ? `the variable ${variable}` : 'credential.json'}; all but HOST may be left out.`,
    });
  return list.map((entry, index) => nodeOf(entry, `${variable}[${index}]`, packageDir, wrong));
}

function nodeOf(
  entry: CredentialEntry,
  where: string,
  packageDir: string,
  wrong: (where: string, why: string) => MadError,
): NasNode {
  const text = (key: string): string | undefined => {
    const value = revealed(credentialValue(entry, key))?.trim();
    return value === undefined || value === '' ? undefined : value;
  };
  const word = (key: string): string | undefined => {
    const value = text(key);
    const problem = value === undefined ? undefined : sshWordProblem(value);
    if (problem !== undefined) throw wrong(`${where}.${key}`, problem);
    return value;
  };
  const host = word('HOST');
  if (host === undefined) throw wrong(where, 'has no HOST');
  const port = text('PORT');
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536))
    throw wrong(`${where}.PORT`, 'is no port, which is a number from 1 to 65535');
  const password = credentialValue(entry, 'PASSWORD');
  if (/[\r\n\0]/.test(revealed(password) ?? '')) throw wrong(`${where}.PASSWORD`, 'has several lines');
  const login: SshLogin = {
    ...optional('user', word('USERNAME') ?? word('USER')),
    ...optional('port', port === undefined ? undefined : Number(port)),
    ...optional('keyFile', ownFile(text('SSH_KEY_FILE'), packageDir)),
    ...optional('knownHostsFile', ownFile(text('KNOWN_HOSTS_FILE'), packageDir)),
    ...optional('password', secretOf(password, where)),
  };
  return { name: (text('NAME') ?? host).replace(controlCharacters, ' '), host, login };
}

const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });

function secretOf(value: Secret | string | undefined, where: string): Secret | undefined {
  if (value === undefined || revealed(value) === '') return undefined;
  return value instanceof Secret ? value : new Secret(`${where}.PASSWORD`, value);
}
