import { MadError } from '../../foundation/error.ts';
import { type CommandRunner, type RunningCommand, runCommand, succeeded } from '../command/command.ts';
import type { ContainerSpec, Engine, ExecSpec } from './engine.ts';

interface HostContainer {
  spec: ContainerSpec;
  running: Set<RunningCommand>;
  started: boolean;
}

/** In the environment of all that a run starts, so that it is found when it left its session and its parents ended. */
const mark = 'MADENGINE_RUN';

/**
 * No engine at all: a "container" is a remembered specification, and its programs are processes of this machine, each in
 * a session of its own. Nothing is mounted, so paths are the host's own; image, user and engine options have no effect.
 */
export function hostEngine(runner: CommandRunner): Engine {
  const containers = new Map<string, HostContainer>();
  const endAll = async (name: string): Promise<void> => {
    const running = [...(containers.get(name)?.running ?? [])];
    for (const command of running) command.kill('SIGKILL');
    if (containers.get(name)?.started) await endMarked(runner, name);
    await Promise.allSettled(running.map(({ result }) => result));
  };
  const version = async (): Promise<string> =>
    (await runCommand(runner, { argv: ['uname', '-r'] })).stdout.trim();
  return {
    kind: 'host',
    version,
    capabilities: async () => ({
      kind: 'host',
      version: await version(),
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
      containers.set(spec.name, { spec, running: new Set(), started: false });
      return spec.name;
    },
    exec(container, spec) {
      const known = containers.get(container);
      if (!known) {
        throw new MadError('ENGINE_FAILED', `There is no run named ${container}.`);
      }
      const command = startProcess(runner, known.spec, spec);
      known.started = true;
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
    env: { ...container.env, ...spec.env, [mark]: container.name },
    secretEnv: spec.secretEnv,
    ...(cwd === '' ? {} : { cwd }),
    ...(spec.onStdout ? { onStdout: spec.onStdout } : {}),
    ...(spec.onStderr ? { onStderr: spec.onStderr } : {}),
  });
}

/** One process may start another while it is being ended, so it looks again until there is none. */
const endMarkedScript = `
for round in 1 2 3 4 5 6 7 8 9 10; do
  found=$(grep -lszxF -e "$1" /proc/[0-9]*/environ | cut -d/ -f3)
  test -z "$found" && exit 0
  kill -9 $found 2>/dev/null
  test "$round" -gt 3 && sleep 0.2
done
echo $found
exit 1`;

async function endMarked(runner: CommandRunner, name: string): Promise<void> {
  const result = await runCommand(runner, {
    argv: ['/bin/sh', '-c', endMarkedScript, 'end', `${mark}=${name}`],
  });
  if (succeeded(result)) return;
  throw new MadError('ENGINE_FAILED', `processes of it are still there: ${result.stdout.trim()}`);
}

function needsEngine(act: string): never {
  throw new MadError('ENGINE_FAILED', `${act} needs a container engine, and --engine host has none.`, {
    hint: 'Use --engine docker or --engine podman.',
  });
}
