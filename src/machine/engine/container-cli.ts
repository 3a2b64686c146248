/** Docker and podman behind one interface: what they have in common; `Dialect` has what they don't. */

import { MadError } from '../../foundation/error.ts';
import { type CommandResult, type CommandRunner, runCommand, succeeded } from '../command/command.ts';
import { OutputTail } from '../command/output-tail.ts';
import { buildImage } from './build-image.ts';
import { askClient, saidBy, startClient } from './client-error.ts';
import { buildArgv, createArgv, execArgv, labelFilters, labelWords, operand } from './container-argv.ts';
import { createError } from './create-error.ts';
import type { Dialect } from './dialect.ts';
import type { ContainerSpec, ContainerSummary, Engine, ImageInfo, TransferOptions } from './engine.ts';
import { parseImageInspect } from './image-info.ts';
import { wasOutOfMemory } from './out-of-memory.ts';
import { transferError } from './transfer-error.ts';
import { transferProgress } from './transfer-progress.ts';

type Argv = [string, ...string[]];

/** For calls that move no images: an engine that takes longer hangs, and clean-up must come to an end. */
const answerWithinMs = 600_000;
/** Enough for the end of a push, where the digest stands. */
const keptOfTransfer = 64 * 1024;

export function containerEngine(dialect: Dialect, runner: CommandRunner): Engine {
  const { program, title } = dialect;
  const client: Argv = [program];
  const ask = (act: string, words: readonly string[], accept?: (result: CommandResult) => boolean) =>
    askClient(runner, title, act, { argv: [program, ...words], timeoutMs: answerWithinMs }, accept);
  const containerArgv = (spec: ContainerSpec): string[] =>
    createArgv(client, { ...spec, options: dialect.options(spec.options) });
  const inspect = (image: string): Promise<ImageInfo | undefined> => inspectImage(ask, image);
  const engine: Engine = {
    kind: dialect.kind,
    capabilities: (purpose) => dialect.capabilities(runner, purpose),
    version: async () =>
      (await ask('Asking for the version', ['version', '--format', dialect.version])).stdout.trim(),
    inspect,
    async login(registry, username, password, access) {
      const { before, after } = await dialect.access(runner, access);
      const result = await startClient(runner, title, {
        argv: [
          program,
          ...before,
          'login',
          ...after,
          `--username=${username}`,
          '--password-stdin',
          ...dialect.loopback(hostOf(registry)),
          ...dialect.loginName(hostOf(registry)).map((name) => operand(name, 'registry')),
        ],
        stdin: password.reveal(),
        ...(access.signal ? { signal: access.signal } : {}),
      });
      const act = `The login to ${registry || 'Docker Hub'} as ${username}`;
      if (!succeeded(result)) throw transferError(title, 'LOGIN_FAILED', act, result, hostOf(registry));
    },
    async tag(image, as) {
      await ask(`Naming ${image} as ${as}`, ['tag', operand(image, 'image'), operand(as, 'image')]);
    },
    async pull(image, options) {
      const act = `The pull of ${image}`;
      await transfer(runner, dialect, 'PULL_FAILED', act, ['pull'], image, options);
      const info = await inspect(image);
      if (info) return info;
      throw new MadError('PULL_FAILED', `${image} was pulled, but the engine doesn't have it.`);
    },
    async push(image, options) {
      const act = `The push of ${image}`;
      const said = await dialect.pushed((words) =>
        transfer(runner, dialect, 'PUSH_FAILED', act, words, image, options),
      );
      const digest = /sha256:[0-9a-f]{64}/.exec(/digest: sha256:[0-9a-f]{64}/.exec(said)?.[0] ?? said)?.[0];
      if (digest) return digest;
      throw new MadError('PUSH_FAILED', `${act} ended well, but the engine named no digest.`);
    },
    build: async (spec) => buildImage(runner, dialect, await engine.capabilities(), spec, inspect),
    async create(spec) {
      const [first = program, ...words] = containerArgv(spec);
      const result = await startClient(runner, title, { argv: [first, ...words], timeoutMs: answerWithinMs });
      const id = /^[0-9a-f]{64}$/m.exec(result.stdout)?.[0];
      if (succeeded(result) && id) return id;
      // A container that could not be started exists all the same.
      const leftover = id ?? (await startedNot(engine, spec, result));
      if (leftover) await engine.remove(leftover);
      throw createError(title, spec, result);
    },
    exec(container, spec) {
      try {
        const [first = program, ...words] = execArgv(client, container, spec);
        return runner.start({
          argv: [first, ...words],
          secretEnv: spec.secretEnv,
          ...(spec.onStdout ? { onStdout: spec.onStdout } : {}),
          ...(spec.onStderr ? { onStderr: spec.onStderr } : {}),
        });
      } catch (error) {
        const result = Promise.reject(error);
        result.catch(() => {});
        return { pid: undefined, result, kill() {} };
      }
    },
    outOfMemory: (container) => wasOutOfMemory(runner, program, operand(container, 'container')),
    async kill(container) {
      await ask(
        `Ending ${container}`,
        ['kill', operand(container, 'container')],
        ({ stderr }) => isGone(stderr) || /is not running|can only kill running/i.test(stderr),
      );
    },
    async remove(container) {
      await ask(
        `The removal of ${container}`,
        [...dialect.remove, operand(container, 'container')],
        ({ stderr }) => isGone(stderr) || /removal of container .* is already in progress/i.test(stderr),
      );
    },
    async removeImage(image) {
      await ask(`The removal of ${image}`, ['image', 'rm', operand(image, 'image')], ({ stderr }) =>
        isUnknownImage(stderr),
      );
    },
    async listImages(labels) {
      const filters = labelFilters(labels).map(dialect.filter);
      const { stdout } = await ask('Listing images', ['image', 'ls', '--quiet', '--no-trunc', ...filters]);
      return [...new Set(stdout.split('\n').filter((id) => id !== ''))];
    },
    async imageUsers(image) {
      const filter = dialect.filter(`ancestor=${image}`);
      const { stdout } = await ask(
        `Asking who uses ${image}`,
        ['ps', '--all', '--quiet', '--no-trunc', filter],
        ({ stderr }) => isUnknownImage(stderr),
      );
      return stdout.split('\n').filter((id) => id !== '');
    },
    async extractFile(image, path, to, { name, labels }) {
      const named = [`--name=${name}`, ...labelWords(labels)];
      const words = ['create', '--pull=never', ...named, operand(image, 'image')];
      // An image without a command of its own needs one to make a container; it is never started.
      const created = await ask(`Opening ${image}`, [...words, 'none']);
      const id = created.stdout.trim();
      try {
        await ask(`Copying ${path} out of ${image}`, ['cp', `${operand(id, 'container')}:${path}`, to]);
      } finally {
        await engine.remove(id);
      }
    },
    list: (labels) => listContainers(runner, ask, dialect, labels),
    describe: {
      build(spec, capabilities) {
        const { words, env } = dialect.builder(capabilities);
        const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
        const prefix = variables.length === 0 ? [] : ['env', ...variables];
        const pull = spec.pull ? (dialect.kind === 'docker' ? '--pull' : '--pull=newer') : undefined;
        return [...prefix, ...buildArgv(words, spec, capabilities, pull)];
      },
      push: (image) => [...client, ...dialect.push, ...dialect.loopback(image), image],
      pull: (image) => [...client, 'pull', ...dialect.loopback(image), image],
      create: containerArgv,
      exec: (container, spec) => execArgv(client, container, spec),
      remove: (container) => [...client, ...dialect.remove, container],
    },
  };
  return engine;
}

type Ask = (
  act: string,
  words: readonly string[],
  accept?: (result: CommandResult) => boolean,
) => Promise<CommandResult>;

const isGone = (stderr: string): boolean => /no such container/i.test(stderr);
const isUnknownImage = (stderr: string): boolean => /no such image|image not known/i.test(stderr);

/** Logins are per host; a registry may be written with a path or a scheme. */
const hostOf = (registry: string): string => registry.replace(/^https?:\/\//, '').split('/')[0] ?? '';

async function inspectImage(ask: Ask, image: string): Promise<ImageInfo | undefined> {
  const words = ['image', 'inspect', operand(image, 'image')];
  const result = await ask(`Inspecting ${image}`, words, ({ stderr }) => isUnknownImage(stderr));
  return succeeded(result) ? parseImageInspect(image, result.stdout) : undefined;
}

/** Returns what the client printed. */
async function transfer(
  runner: CommandRunner,
  dialect: Dialect,
  code: 'PULL_FAILED' | 'PUSH_FAILED',
  act: string,
  words: readonly string[],
  image: string,
  { configDir, onProgress, signal }: TransferOptions,
): Promise<string> {
  const { before, after } =
    configDir === undefined ? { before: [], after: [] } : await dialect.access(runner, { configDir });
  const progress = transferProgress(onProgress ?? (() => {}));
  const stdout = new OutputTail(keptOfTransfer);
  const stderr = new OutputTail(keptOfTransfer);
  const into = (tail: OutputTail) => (chunk: Buffer) => {
    tail.push(chunk);
    progress(chunk);
  };
  const result = await startClient(runner, dialect.title, {
    argv: [
      dialect.program,
      ...before,
      ...words,
      ...after,
      ...dialect.loopback(image),
      operand(image, 'image'),
    ],
    onStdout: into(stdout),
    onStderr: into(stderr),
    ...(signal ? { signal } : {}),
  });
  if (succeeded(result)) return stdout.text();
  const said = { ...result, stdout: stdout.text(), stderr: stderr.text() };
  throw transferError(dialect.title, code, act, said, hostOf(image));
}

/** The id of a container that this very `create` made and could not start, where the client didn't print it. */
async function startedNot(
  engine: Engine,
  spec: ContainerSpec,
  result: CommandResult,
): Promise<string | undefined> {
  // Without labels of our own, nothing tells it from somebody else's.
  if (Object.keys(spec.labels).length === 0 || /in use/i.test(saidBy(result))) return undefined;
  const found = await engine.list(spec.labels).catch(() => []);
  return found.find(({ name, running }) => name === spec.name && !running)?.id;
}

/** One line of JSON per container; what `ps` prints of labels can't be told apart when a value holds a comma. */
const summaryFormat =
  '{"id":{{json .ID}},"name":{{json .Name}},"running":{{json .State.Running}},"labels":{{json .Config.Labels}}}';

async function listContainers(
  runner: CommandRunner,
  ask: Ask,
  dialect: Dialect,
  labels: Readonly<Record<string, string>>,
): Promise<ContainerSummary[]> {
  const ids = await ask('Listing containers', [
    'ps',
    '--all',
    '--quiet',
    '--no-trunc',
    ...labelFilters(labels).map(dialect.filter),
  ]);
  const found = ids.stdout.split('\n').filter((id) => id !== '');
  if (found.length === 0) return [];
  // Some may be gone by now: the others are printed all the same, and the exit code says nothing.
  const { stdout } = await runCommand(runner, {
    argv: [dialect.program, 'container', 'inspect', '--format', summaryFormat, ...found],
  });
  return stdout.split('\n').flatMap(parseSummary);
}

function parseSummary(line: string): ContainerSummary[] {
  try {
    const { id, name, running, labels } = JSON.parse(line) as ContainerSummary & {
      labels: null | ContainerSummary['labels'];
    };
    return [{ id, name: name.replace(/^\//, ''), running, labels: labels ?? {} }];
  } catch {
    return [];
  }
}
