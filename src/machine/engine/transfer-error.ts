import { MadError } from '../../foundation/error.ts';
import type { CommandResult } from '../command/command.ts';
import { type ClientTitle, endWords, interruption, saidBy, unavailable } from './client-error.ts';

export type TransferProblem =
  | 'unauthorized'
  | 'not-found'
  | 'network'
  | 'server'
  | 'certificate'
  | 'disk-full'
  | 'other';

/** A pull, push or login that failed, with the kind of reason. */
export class TransferError extends MadError {
  readonly problem: TransferProblem;

  constructor(
    code: 'PULL_FAILED' | 'PUSH_FAILED' | 'LOGIN_FAILED',
    problem: TransferProblem,
    message: string,
    hint: string,
  ) {
    super(code, message, { hint });
    this.problem = problem;
  }
}

/** Whether another try at a pull, push or login may do better. */
export function isTransient(error: unknown): boolean {
  return error instanceof TransferError && (error.problem === 'network' || error.problem === 'server');
}

/** In this order: one message may fit several. The texts are those of docker, containerd, podman and common registries. */
const signs: readonly [TransferProblem, RegExp][] = [
  ['disk-full', /no space left on device|disk quota exceeded/i],
  ['certificate', /x509:|certificate|server gave HTTP response to HTTPS client|tls: (failed|first record)/i],
  [
    'server',
    /too ?many ?requests|(status|status code|code)[^\d\n]{0,30}5\d\d\b|internal server error|bad gateway|service unavailable|gateway time-?out/i,
  ],
  [
    'unauthorized',
    /unauthorized|authentication required|access denied|denied:|no basic auth credentials|incorrect username or password|invalid username\/password|forbidden|is denied/i,
  ],
  [
    'network',
    /no such host|connection (refused|reset)|time-?out|timed out|unexpected EOF|: EOF|network is unreachable|no route to host|temporary failure|server misbehaving|deadline exceeded|broken pipe|dial tcp|name or service not known|request canceled/i,
  ],
  ['not-found', /manifest unknown|name unknown|not found|no such image|does not exist|image not known/i],
];

export const transferProblem = (said: string): TransferProblem =>
  signs.find(([, sign]) => sign.test(said))?.[0] ?? 'other';

const hints: Readonly<Record<TransferProblem, string>> = {
  unauthorized:
    'Check the registry credentials (MAD_DOCKERHUB_*, credential.json, or a login of the engine) and that the repository exists.',
  'not-found': 'Check the name, the tag and the registry; was the image pushed?',
  network: 'Check the name of the registry, the network and the proxy; it is worth another try.',
  server: 'The registry is busy or broken; try again later. Logins have higher limits than anonymous pulls.',
  certificate:
    "Have the engine trust the registry's certificate authority, or list the registry under insecure-registries if it speaks plain HTTP.",
  'disk-full': "Free space in the engine's storage (docker system df shows it).",
  other: 'The line above is what the engine said.',
};

/**
 * Where an engine takes a registry's own certificate authority from (their manuals, "certs.d"): read at every pull and
 * push, so nothing has to be started anew. `said` is what the client said.
 */
export function certificateHint(title: ClientTitle, said: string, host: string): string {
  if (/server gave HTTP response to HTTPS client|first record does not look like a TLS/i.test(said)) {
    return title === 'Docker'
      ? `${host} speaks plain HTTP. Add it to "insecure-registries" in /etc/docker/daemon.json and reload the daemon (sudo systemctl reload docker), or give the registry a certificate.`
      : `${host} speaks plain HTTP. Add [[registry]] with location = "${host}" and insecure = true to /etc/containers/registries.conf, or give the registry a certificate.`;
  }
  const folder = title === 'Docker' ? '/etc/docker/certs.d' : '/etc/containers/certs.d';
  return `The engine doesn't trust the certificate of ${host}. Put the certificate of its authority into ${folder}/${host}/ca.crt on the engine's machine, and try again.`;
}

/** `act` completes "… failed", such as `The push of x`; `host` is the registry's, with its port. */
export function transferError(
  title: ClientTitle,
  code: 'PULL_FAILED' | 'PUSH_FAILED' | 'LOGIN_FAILED',
  act: string,
  result: CommandResult,
  host: string,
): MadError {
  const given = interruption(act, result) ?? unavailable(title, result.stderr);
  if (given) return given;
  const problem = result.end.kind === 'timed-out' ? 'network' : transferProblem(result.stderr);
  return new TransferError(
    code,
    problem,
    `${act} failed (${endWords(result)}): ${saidBy(result)}`,
    problem === 'certificate' && host !== '' ? certificateHint(title, result.stderr, host) : hints[problem],
  );
}
