import { MadError } from '../../foundation/error.ts';
import { type CommandRunner, type RunningCommand, runCommand } from '../command/command.ts';
import type { ContainerSpec, Engine, ExecSpec } from './engine.ts';

interface HostContainer {
  spec: ContainerSpec;
  running: Set<RunningCommand>;
}

/**
 * No engine at all: a "container" is a remembered specification, and its programs are processes of this machine, each in
 * a session of its own. Nothing is mounted, so paths are the host's own; image, user and engine options have no effect.
 */
export function hostEngine(runner: CommandRunner): Engine {
  const containers = new Map<string, HostContainer>();
  const endAll = async (name: string): Promise<void> => {
    const running = [...(containers.get(name)?.running ?? [])];
    for (const command of running) command.kill('SIGKILL');
    await Promise.allSettled(running.map(({ result }) => result));
  };
  return {
    kind: 'host',
    capabilities: async () => ({
      kind: 'host',
      version: (await runCommand(runner, { argv: ['uname', '-r'] })).stdout.trim(),
      client: '',
      buildClient: '',
      buildKit: false,
      buildSecrets: false,
      namedContexts: false,
      rootless: false,
      sharesFiles: true,
      storage: undefined,
      lost: [
        'Images: nothing is built, pulled or pushed, and models run with what is installed on this machine.',
      ],
    }),
    inspect: async () => undefined,
    login: async () => needsEngine('Logging in to a registry'),
    tag: async (image) => needsEngine(`Naming ${image}`),
    pull: async (image) => needsEngine(`Pulling ${image}`),
    push: async (image) => needsEngine(`Pushing ${image}`),
    build: async ({ image }) => needsEngine(`Building ${image}`),
    removeImage: async () => {},
    extractFile: async (image) => needsEngine(`Reading a file of ${image}`),
    async create(spec) {
      if (containers.has(spec.name)) {
        throw new MadError('ENGINE_FAILED', `There is a run named ${spec.name} already.`);
      }
      containers.set(spec.name, { spec, running: new Set() });
      return spec.name;
    },
    exec(container, spec) {
      const known = containers.get(container);
      if (!known) {
        throw new MadError('ENGINE_FAILED', `There is no run named ${container}.`);
      }
      const command = startProcess(runner, known.spec, spec);
      known.running.add(command);
      const forget = (): void => void known.running.delete(command);
      command.result.then(forget, forget);
      return command;
    },
    outOfMemory: async () => false,
    kill: endAll,
    async remove(container) {
      await endAll(container);
      containers.delete(container);
    },
    // What another process of ours started can't be found from here.
    list: async () => [],
    describe: {
      build: () => [],
      push: () => [],
      pull: () => [],
      create: () => [],
      exec: (_container, spec) => [
        'env',
        ...Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
        ...spec.argv,
      ],
      remove: () => [],
    },
  };
}

function startProcess(runner: CommandRunner, container: ContainerSpec, spec: ExecSpec): RunningCommand {
  const [program = '', ...words] = spec.argv;
  const cwd = spec.workdir ?? container.workdir;
  return runner.start({
    argv: [program, ...words],
    env: { ...container.env, ...spec.env },
    secretEnv: spec.secretEnv,
    ...(cwd === '' ? {} : { cwd }),
    ...(spec.onStdout ? { onStdout: spec.onStdout } : {}),
    ...(spec.onStderr ? { onStderr: spec.onStderr } : {}),
  });
}

function needsEngine(act: string): never {
  throw new MadError('ENGINE_FAILED', `${act} needs a container engine, and --engine host has none.`, {
    hint: 'Use --engine docker or --engine podman.',
  });
}
