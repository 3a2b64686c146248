/** What a container client does with registries. */
import { MadError } from '../../foundation/error.ts';
import { succeeded } from '../command/command.ts';
import { OutputTail } from '../command/output-tail.ts';
import type { Client } from './client.ts';
import { operand } from './container-argv.ts';
import type { Engine, TransferOptions } from './engine.ts';
import { inspectImage } from './inspect-image.ts';
import { transferError } from './transfer-error.ts';
import { transferProgress } from './transfer-progress.ts';

/** Enough for the end of a push, where the digest stands. */
const keptBytes = 64 * 1024;

export const transferActs = (client: Client): Pick<Engine, 'login' | 'pull' | 'push'> => ({
  async login(registry, username, password, { configDir, signal }) {
    const { dialect, runner } = client;
    const host = hostOf(registry);
    const { before, after } = await dialect.access(runner, { configDir });
    const words = [
      ...before,
      'login',
      ...after,
      `--username=${username}`,
      '--password-stdin',
      ...dialect.loopback(host),
      ...dialect.loginName(host).map((name) => operand(name, 'registry')),
    ];
    const result = await client.run(words, { stdin: password.reveal(), ...(signal ? { signal } : {}) });
    const act = `The login to ${registry || 'Docker Hub'} as ${username}`;
    if (!succeeded(result)) throw transferError(dialect.title, 'LOGIN_FAILED', act, result, host);
  },

  async pull(image, options) {
    const act = `The pull of ${image}`;
    await transfer(client, { code: 'PULL_FAILED', act, words: ['pull'], image }, options);
    const info = await inspectImage(client, image);
    if (info) return info;
    throw new MadError('PULL_FAILED', `${image} was pulled, but the engine doesn't have it.`);
  },

  async push(image, options) {
    const act = `The push of ${image}`;
    const said = await client.dialect.pushed((words) =>
      transfer(client, { code: 'PUSH_FAILED', act, words, image }, options),
    );
    const digest = digestIn(said);
    if (digest) return digest;
    throw new MadError('PUSH_FAILED', `${act} ended well, but the engine named no digest.`);
  },
});

/** Logins are per host; a registry may be written with a path or a scheme. */
const hostOf = (registry: string): string => registry.replace(/^https?:\/\//, '').split('/')[0] ?? '';

/** Docker has it behind `digest:`, on a line of its own; podman writes nothing else. */
const digestIn = (said: string): string | undefined =>
  (/digest: (sha256:[0-9a-f]{64})/.exec(said) ?? /(sha256:[0-9a-f]{64})/.exec(said))?.[1];

interface Transfer {
  code: 'PULL_FAILED' | 'PUSH_FAILED';
  /** Completes "… failed". */
  act: string;
  /** The client's subcommand with its own options. */
  words: readonly string[];
  image: string;
}

/** Returns what the client printed. */
async function transfer(
  { dialect, runner, run }: Client,
  { code, act, words, image }: Transfer,
  { configDir, onProgress, signal }: TransferOptions,
): Promise<string> {
  const { before, after } =
    configDir === undefined ? { before: [], after: [] } : await dialect.access(runner, { configDir });
  const progress = transferProgress(onProgress ?? (() => {}));
  const stdout = new OutputTail(keptBytes);
  const stderr = new OutputTail(keptBytes);
  const into = (tail: OutputTail) => (chunk: Buffer) => {
    tail.push(chunk);
    progress(chunk);
  };
  const result = await run(
    [...before, ...words, ...after, ...dialect.loopback(image), operand(image, 'image')],
    { onStdout: into(stdout), onStderr: into(stderr), ...(signal ? { signal } : {}) },
  );
  if (succeeded(result)) return stdout.text();
  const said = { ...result, stdout: stdout.text(), stderr: stderr.text() };
  throw transferError(dialect.title, code, act, said, hostOf(image));
}
