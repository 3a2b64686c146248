/** What OpenSSH's client says when it fails, in words that tell the next step. The texts are those of OpenSSH 7 to 10. */
import type { SshLogin } from './ssh-words.ts';

export interface SshProblem {
  /** Continues a sentence about the machine: `refuses the login of …`. */
  why: string;
  /** What to do; a sentence. */
  hint: string;
  /** Another try may do better. */
  passes: boolean;
}

interface Known {
  said: RegExp;
  why(found: RegExpExecArray, login: SshLogin): string;
  hint(host: string, login: SshLogin): string;
  passes?: true;
}

const knownHosts = ({ knownHostsFile }: SshLogin): string => knownHostsFile ?? '~/.ssh/known_hosts';

const keyscan = (host: string, login: SshLogin): string =>
  `\`ssh-keyscan ${login.port === undefined ? '' : `-p ${login.port} `}${host} >> ${knownHosts(login)}\`.`;

const problems: readonly Known[] = [
  {
    said: /REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed/i,
    why: (_found, login) => `shows another host key than ${knownHosts(login)} has`,
    hint: (host, login) =>
      `Somebody may be listening in. Ask who runs it; if the key was renewed: \`ssh-keygen -R '${bracketed(host, login)}' -f ${knownHosts(login)}\`, then ${keyscan(host, login)}`,
  },
  {
    said: /host key is known for|host key verification failed/i,
    why: (_found, login) => `has a host key that is not in ${knownHosts(login)}`,
    hint: (host, login) => `Add it, after comparing it with what its operator says: ${keyscan(host, login)}`,
  },
  {
    said: /(?:bad permissions|permissions .* are too open)/i,
    why: (_found, { keyFile }) =>
      `was not asked: ssh ignores the key ${keyFile ?? ''}, which others can read`,
    hint: (_host, { keyFile }) => `\`chmod 600 ${keyFile ?? 'the key'}\`.`,
  },
  {
    said: /permission denied(?: \(([a-z][\w,-]*)\))?[.,]?\s*$|too many authentication failures/im,
    why: ([, ways], { user }) =>
      `refuses the login${user === undefined ? '' : ` of ${user}`}${ways ? ` (it takes ${ways.replaceAll(',', ', ')})` : ''}`,
    hint: (host, login) =>
      login.password || login.keyFile
        ? 'Check user, password and key, and that the account may log in.'
        : `Make \`ssh ${login.user ? `${login.user}@` : ''}${host}\` work without a question (a key in the agent, ssh_config).`,
  },
  {
    said: /could not resolve hostname/i,
    why: () => 'is a name that cannot be resolved',
    hint: () => 'Check the name, in ssh_config too.',
    passes: true,
  },
  {
    said: /(connection refused|connection timed out|operation timed out|no route to host|network is unreachable|connection reset|connection closed|broken pipe|not responding)/i,
    why: ([, text = '']) => `cannot be reached (${text.toLowerCase()})`,
    hint: () => 'Check that its SSH server runs at that port and can be reached from here.',
    passes: true,
  },
];

const bracketed = (host: string, { port }: SshLogin): string =>
  port === undefined || port === 22 ? host : `[${host}]:${port}`;

/** undefined when the text tells of nothing that is ssh's own affair. */
export function sshProblem(stderr: string, host: string, login: SshLogin): SshProblem | undefined {
  for (const { said, why, hint, passes } of problems) {
    const found = said.exec(stderr);
    if (found) return { why: why(found, login), hint: hint(host, login), passes: passes ?? false };
  }
  return undefined;
}
