/** Clones a card's `url` on the host, into the folder that the model runs in; nothing of it is the model's own time. */
import { lstat, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../foundation/clock.ts';
import { MadError } from '../../foundation/error.ts';
import type { Emit } from '../../foundation/event.ts';
import { retry } from '../../foundation/retry.ts';
import { maskSecretText } from '../../foundation/secret-text.ts';
import {
  type CommandResult,
  type CommandRunner,
  runCommand,
  succeeded,
} from '../../machine/command/command.ts';
import type { ModelCard } from '../../package/card.ts';
import type { Credentials } from '../../package/credential-file.ts';
import type { SeenStage } from '../../record/judge.ts';
import type { RunFailure } from '../../record/record-schema.ts';
import { type CloneAddress, parseCloneUrl } from './clone-address.ts';
import { CloneError, cloneError, longestCloneMs } from './clone-failure.ts';
import { type GitLogin, gitLogin } from './git-login.ts';

export interface CloneOptions {
  card: Pick<ModelCard, 'name' | 'url' | 'cred'>;
  credentials: Credentials;
  /** Absolute, in a folder that exists; must not exist itself. */
  folder: string;
  /** Where a key file's relative path begins. */
  packageDir: string;
  runner: CommandRunner;
  clock: Clock;
  emit: Emit;
  signal: AbortSignal;
}

export interface Cloned {
  stage: SeenStage;
  /** Of `HEAD`; null when it failed. */
  commit: string | null;
  failure?: RunFailure;
}

/** Never throws: what goes wrong is a failure of class `clone`, with git's last line; or `interrupted`. */
export async function cloneRepository(options: CloneOptions): Promise<Cloned> {
  const { card, clock, emit, signal } = options;
  const started = clock.monotonic();
  emit({ type: 'stage.started', stage: 'clone' });
  let commit: string | null = null;
  let failure: RunFailure | undefined;
  try {
    commit = await cloned(options);
  } catch (error) {
    failure = failureOf(error, signal);
  }
  const stage = {
    name: 'clone',
    title: maskSecretText(card.url),
    exit_code: failure ? 1 : 0,
    duration_s: Math.round((clock.monotonic() - started) * 1000) / 1000,
  };
  emit({ type: 'stage.ended', stage: 'clone', exit_code: stage.exit_code, duration_s: stage.duration_s });
  return { stage, commit, ...(failure ? { failure } : {}) };
}

/** The command lines of a clone, for plans too. */
export function cloneCommands(address: CloneAddress, folder: string): [string, ...string[]][] {
  return [
    ['git', 'clone', '--quiet', ...(address.revision ? ['--no-checkout'] : []), '--', address.url, folder],
    ...(address.revision ? [checkout(folder, address.revision)] : []),
  ];
}

const checkout = (folder: string, revision: string): [string, ...string[]] => [
  'git',
  '-C',
  folder,
  'checkout',
  '--quiet',
  revision,
  '--',
];

async function cloned(options: CloneOptions): Promise<string> {
  const { card, folder } = options;
  const address = parseCloneUrl(card.url);
  const login = gitLogin({ ...options, address });
  await requireKeyFile(login, card);
  const [clone, ...further] = cloneCommands(address, folder);
  if (clone) {
    await again(`The clone of ${maskSecretText(card.url)}`, options, async () => {
      // What a try left behind would be in the way of the next one.
      await rm(folder, { recursive: true, force: true });
      await git(clone, address, login, options);
    });
  }
  for (const argv of further) await git(argv, address, login, options);
  if (await isThere(join(folder, '.gitmodules'))) {
    await again(`The clone of the submodules of ${maskSecretText(card.url)}`, options, () =>
      git(
        ['git', '-C', folder, 'submodule', '--quiet', 'update', '--init', '--recursive'],
        address,
        login,
        options,
      ),
    );
  }
  return (
    await git(['git', '-C', folder, 'rev-parse', '--verify', 'HEAD'], address, noLogin, options)
  ).stdout.trim();
}

const noLogin: GitLogin = { settings: [], env: {}, secretEnv: {} };

/** ssh says of such a key only that the server refused it. */
export async function requireKeyFile({ ssh }: GitLogin, { name, cred }: CloneOptions['card']): Promise<void> {
  const file = ssh?.keyFile;
  if (file === undefined || file.startsWith('~')) return;
  const facts = await stat(file).catch(() => undefined);
  const which = `card ${name} clones with the credential ${cred}, whose ssh_key_file ${file}`;
  if (!facts?.isFile()) {
    throw new MadError('FILE_NOT_FOUND', `${which} is not there or cannot be read`, {
      hint: 'A relative path counts from the package.',
    });
  }
  if ((facts.mode & 0o077) !== 0) {
    throw new MadError('INVALID_FILE', `${which} can be read by others, so that ssh ignores it`, {
      hint: `chmod 600 ${file}`,
    });
  }
}

export function again(
  what: string,
  { clock, emit, signal }: CloneOptions,
  act: () => Promise<unknown>,
): Promise<unknown> {
  const policy = {
    attempts: 3,
    firstDelayMs: 1000,
    maxDelayMs: 10_000,
    retryable: (error: unknown) => error instanceof CloneError && error.passes === true,
    onRetry(error: unknown, attempt: number, delayMs: number) {
      const said = error instanceof CloneError ? error.said : String(error);
      const message = `${what} failed at try ${attempt}: ${said}; again in ${delayMs / 1000} s`;
      emit({ type: 'notice', level: 'warning', code: 'CLONE_RETRIED', message });
    },
  };
  return retry(act, policy, clock, signal);
}

export async function git(
  argv: readonly [string, ...string[]],
  address: CloneAddress,
  login: GitLogin,
  { runner, signal, card, folder }: CloneOptions,
): Promise<CommandResult> {
  const result = await runCommand(runner, {
    argv,
    env: { ...gitEnvironment(address, login), ...login.env },
    secretEnv: login.secretEnv,
    timeoutMs: longestCloneMs,
    signal,
  });
  if (succeeded(result)) return result;
  throw cloneError(argv, result, { address, login, card, folder });
}

/** Nobody is asked anything, and a repository's submodules can't reach what lies on this machine. */
function gitEnvironment(address: CloneAddress, login: GitLogin): Record<string, string> {
  const settings = [
    ['core.askPass', ''],
    // A transfer that all but stands still ends, and is tried again.
    ['http.lowSpeedLimit', '1000'],
    ['http.lowSpeedTime', '60'],
    ['advice.detachedHead', 'false'],
    ...login.settings,
  ] as const;
  const numbered = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return {
    // Its words are looked at.
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    GIT_ALLOW_PROTOCOL: `https:http:ssh:git${address.scheme === 'file' ? ':file' : ''}`,
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(numbered),
  };
}

function failureOf(error: unknown, signal: AbortSignal): RunFailure {
  if (signal.aborted)
    return { class: 'interrupted', stage: 'clone', message: `ended by ${String(signal.reason)}` };
  const known = error instanceof MadError ? error : undefined;
  const missing = known?.code === 'COMMAND_NOT_FOUND';
  const message = missing
    ? 'git is not installed on this machine, and the card has a url to clone. Install git.'
    : [known?.message.replace(/\.?$/, '.') ?? String(error), known?.hint ?? ''].join(' ').trim();
  const evidence = error instanceof CloneError && error.said !== '' ? error.said : undefined;
  const passes = error instanceof CloneError && error.passes === true;
  return {
    class: known?.code === 'DISK_FULL' ? 'disk_full' : 'clone',
    stage: 'clone',
    message,
    ...(evidence ? { evidence } : {}),
    ...(passes ? {} : { permanent: true }),
  };
}

/** Also a link that leads nowhere: what git makes of it is git's to say. */
const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
