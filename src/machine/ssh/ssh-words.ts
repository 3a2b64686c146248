/** The command line of OpenSSH's client for one place, and how it gets a password: the person's own settings apply throughout. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Secret } from '../../foundation/secret.ts';

/** What is left out is decided by ssh_config, the agent and the person's own keys. */
export interface SshLogin {
  /** Refused by `sshWordProblem` when ssh would take it for something else. */
  user?: string;
  port?: number;
  /** Absolute, or `~/…`; used instead of the person's own keys. */
  keyFile?: string;
  /** Absolute, or `~/…`; used instead of the person's own `known_hosts`. */
  knownHostsFile?: string;
  password?: Secret;
}

/** Seconds; a name server and a far machine together take less. */
const connectSeconds = 15;

/**
 * The words before the host. Host keys are checked strictly, nobody is asked anything, and what ssh_config wants
 * of a person's own sessions (forwarding, a command, a master connection that stays) is left out.
 */
export function sshWords(login: SshLogin): string[] {
  const { user, port, keyFile, knownHostsFile, password } = login;
  const options = [
    'StrictHostKeyChecking=yes',
    ...(knownHostsFile === undefined ? [] : [`UserKnownHostsFile="${withoutTokens(knownHostsFile)}"`]),
    ...(keyFile === undefined ? [] : ['IdentitiesOnly=yes']),
    ...(password === undefined ? ['BatchMode=yes'] : passwordOptions(keyFile !== undefined)),
    `ConnectTimeout=${connectSeconds}`,
    'ServerAliveInterval=15',
    'ServerAliveCountMax=4',
    'ControlMaster=no',
    'ClearAllForwardings=yes',
    'ForwardAgent=no',
    'ForwardX11=no',
    'RemoteCommand=none',
    'RequestTTY=no',
    'LogLevel=ERROR',
  ];
  return [
    'ssh',
    ...(keyFile === undefined ? [] : ['-i', withoutTokens(keyFile)]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    ...options.flatMap((option) => ['-o', option]),
  ];
}

/** What was given goes first: a server counts each key of an agent as a try. */
const passwordOptions = (hasKey: boolean): string[] => [
  'BatchMode=no',
  'NumberOfPasswordPrompts=1',
  `PreferredAuthentications=${hasKey ? 'publickey,password,keyboard-interactive' : 'password,keyboard-interactive,publickey'}`,
];

/** ssh replaces `%h` and the like in file names (ssh_config(5), TOKENS). */
const withoutTokens = (path: string): string => path.replaceAll('%', '%%');

/** Why a host or user can't stand in ssh's command line; undefined when it can. */
export function sshWordProblem(word: string): string | undefined {
  if (word === '') return 'is empty';
  if (word.startsWith('-')) return 'begins with -';
  return /^[\w.@:%+-]+$/.test(word) ? undefined : 'has characters that no host or user name has';
}

const passwordVariable = 'MADENGINE_SSH_PASSWORD';

/** Answers a question for a password and no other: not one for a key's passphrase, a second factor or a host key. */
const askpass = `#!/bin/sh
case "$1" in
  *[Pp]assphrase*) exit 1 ;;
  *[Pp]assword*) printf '%s\\n' "$${passwordVariable}" ;;
  *) exit 1 ;;
esac
`;

/** Those that were written, or are being. */
const programs = new Map<string, Promise<void>>();

/**
 * What the client's environment needs to answer with this password, which stands there alone. `folder` takes the
 * program that ssh asks; it holds no secret.
 */
export async function sshPasswordEnvironment(
  password: Secret | undefined,
  folder: string,
): Promise<{ env: Record<string, string>; secretEnv: Record<string, Secret> }> {
  if (password === undefined) return { env: {}, secretEnv: {} };
  const program = join(folder, 'ssh-askpass');
  // Once: a program that is being written can't be started, and several machines may be asked at the same time.
  const written = programs.get(program) ?? writeFile(program, askpass, { mode: 0o700 });
  programs.set(program, written);
  try {
    await written;
  } catch (error) {
    programs.delete(program);
    throw error;
  }
  return {
    // OpenSSH before 8.4 asks a program only where there is a display and no terminal.
    env: { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':none' },
    secretEnv: { [passwordVariable]: password },
  };
}
