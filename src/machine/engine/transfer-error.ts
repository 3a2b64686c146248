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
    "Add the registry's certificate to the engine, or list it under insecure-registries if it speaks plain HTTP.",
  'disk-full': "Free space in the engine's storage (docker system df shows it).",
  other: 'The line above is what the engine said.',
};

/** `act` completes "… failed", such as `The push of x`. */
export function transferError(
  title: ClientTitle,
  code: 'PULL_FAILED' | 'PUSH_FAILED' | 'LOGIN_FAILED',
  act: string,
  result: CommandResult,
): MadError {
  const given = interruption(act, result) ?? unavailable(title, result.stderr);
  if (given) return given;
  const problem = result.end.kind === 'timed-out' ? 'network' : transferProblem(result.stderr);
  return new TransferError(
    code,
    problem,
    `${act} failed (${endWords(result)}): ${saidBy(result)}`,
    hints[problem],
  );
}
