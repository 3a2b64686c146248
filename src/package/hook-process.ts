import { lstat, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MadError } from '../foundation/error.ts';
import type { Emit } from '../foundation/event.ts';
import {
  type CommandEnd,
  type CommandResult,
  type CommandRunner,
  runCommand,
  succeeded,
} from '../machine/command/command.ts';

export interface HookOptions {
  /** Absolute folder of the package; the hook's current folder. */
  root: string;
  runner: CommandRunner;
  emit: Emit;
  signal?: AbortSignal;
  env: Readonly<Record<string, string | undefined>>;
  /** Show what a hook prints although it succeeded. */
  verbose?: boolean;
  /** Default 60 000. */
  hookTimeoutMs?: number;
}

/** What a hook lists: raw cards, and for each whether its `update_model` has still to run once it is selected. */
export interface HookAnswer {
  models: readonly unknown[];
  lazy: readonly boolean[];
  /** No text in the models can hold a control character. */
  clean?: boolean;
}

const defaultTimeoutMs = 60_000;
const largestAnswer = 64 * 2 ** 20;
const shownOutput = 6000;

/**
 * Runs a hook's program, which writes its answer to the file whose path `argv` gets, so that nothing that it prints
 * can be taken for the answer. Throws HOOK_FAILED with the end of its output.
 */
export async function runHook(
  hook: string,
  argv: (answer: string) => readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
  options: HookOptions,
): Promise<HookAnswer> {
  const timeoutMs = options.hookTimeoutMs ?? defaultTimeoutMs;
  const folder = await mkdtemp(join(options.env.TMPDIR ?? '/tmp', 'madengine-hook-'));
  try {
    const answer = join(folder, 'models.json');
    const result = await runCommand(options.runner, {
      argv: argv(answer),
      cwd: options.root,
      env: { ...hookEnvironment(options.env), ...env },
      inheritEnv: false,
      timeoutMs,
      keepBytes: 64 * 1024,
      ...(options.signal ? { signal: options.signal } : {}),
    });
    if (!succeeded(result)) throw hookFailure(hook, result, timeoutMs);
    const found = parseAnswer(hook, await readAnswer(answer));
    if (options.verbose) tellOutput(hook, result, options.emit);
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const passedOn = new Set(['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'MODEL_DIR']);
const secretNames = /SECRET|PASSWORD|TOKEN|KEY|CRED|MAD_MINIO|MAD_AWS_S3|DOCKERHUB/i;

export const isSecretName = (name: string): boolean => secretNames.test(name);

/** A hook sees little of the environment, and no secret of it. */
export function hookEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const chosen: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (passedOn.has(name) || (name.startsWith('MAD_') && !isSecretName(name))) chosen[name] = value;
  }
  return chosen;
}

async function readAnswer(file: string): Promise<string | undefined> {
  const found = await lstat(file).catch(() => undefined);
  return found?.isFile() && found.size <= largestAnswer ? await readFile(file, 'utf8') : undefined;
}

function parseAnswer(hook: string, text: string | undefined): HookAnswer {
  if (text === undefined) {
    throw new MadError('HOOK_FAILED', `${hook} ended without listing its models.`, {
      hint: 'It has to return from list_models() and must not end the process.',
    });
  }
  const answer: unknown = JSON.parse(text);
  const models = fieldOf(answer, 'models');
  const lazy = fieldOf(answer, 'lazy');
  if (!Array.isArray(models)) {
    throw new MadError('HOOK_FAILED', `${hook} has to give a list of models.`, {
      hint: 'Return a list of model cards, also where it holds only one.',
    });
  }
  return { models, lazy: Array.isArray(lazy) ? lazy.map((item) => item === true) : [] };
}

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;

function hookFailure(hook: string, result: CommandResult, timeoutMs: number): MadError {
  if (result.end.kind === 'aborted') return new MadError('INTERRUPTED', `${hook} was stopped.`);
  const output = outputOf(result);
  const why = `${hook} ${describeEnd(result.end, timeoutMs)}${output === '' ? '.' : `:\n${output}`}`;
  return new MadError('HOOK_FAILED', why, { hint: hintFor(hook, result) });
}

function describeEnd(end: CommandEnd, timeoutMs: number): string {
  switch (end.kind) {
    case 'exited':
      return end.exitCode === 13 ? 'waits for something that never comes' : 'failed';
    case 'signalled':
      return `was ended by ${end.signal}`;
    case 'timed-out':
      return `did not list its models within ${timeoutMs / 1000} s`;
    case 'aborted':
      return 'was stopped';
  }
}

function hintFor(hook: string, result: CommandResult): string {
  if (result.stderr.includes('ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')) {
    return 'Node.js only strips types here: use no enum, namespace or parameter property.';
  }
  return `Correct ${hook}; it runs in the folder of the package.`;
}

/** Without escape sequences, which could rewrite what stands on the terminal. */
function outputOf(result: CommandResult): string {
  const text = [result.stdout, result.stderr]
    .map((stream) => stream.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|[^\P{C}\n\t]/gu, '').trimEnd())
    .filter((stream) => stream !== '')
    .join('\n');
  return text.length > shownOutput ? `…${text.slice(-shownOutput)}` : text;
}

function tellOutput(hook: string, result: CommandResult, emit: Emit): void {
  const output = outputOf(result);
  if (output !== '') {
    emit({ type: 'notice', level: 'info', code: 'HOOK_OUTPUT', message: `${hook} printed:\n${output}` });
  }
}
