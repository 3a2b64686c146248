import { MadError } from '../../foundation/error.ts';
import { type CommandRunner, type RunningCommand, runCommand, succeeded } from '../command/command.ts';
import type { ContainerSpec, ContainerSummary, Engine, EngineCapabilities, ExecSpec } from './engine.ts';

interface HostContainer {
  spec: ContainerSpec;
  running: Set<RunningCommand>;
  started: boolean;
}

/** In the environment of all that a run starts, so that it is found when it left its session and its parents ended. */
const mark = 'MADENGINE_RUN';
/** Beside it: name and labels as JSON, for another process of ours that looks for what a dead one left. */
const labelsMark = 'MADENGINE_RUN_LABELS';

/**
 * No engine at all: a "container" is a remembered specification, and its programs are processes of this machine, each in
 * a session of its own. Nothing is mounted, so paths are the host's own; image, user and engine options have no effect.
 */
export function hostEngine(runner: CommandRunner): Engine {
  const containers = new Map<string, HostContainer>();
  const endAll = async (name: string): Promise<void> => {
    const running = [...(containers.get(name)?.running ?? [])];
    for (const command of running) command.kill('SIGKILL');
    // One that isn't known here was started by another process of ours.
    if (containers.get(name)?.started !== false) await endMarked(runner, name);
    await Promise.allSettled(running.map(({ result }) => result));
  };
  const version = async (): Promise<string> =>
    (await runCommand(runner, { argv: ['uname', '-r'] })).stdout.trim();
  return {
    kind: 'host',
    version,
    capabilities: async () => ({ ...capabilities, version: await version() }),
    ...withoutImages,
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
    list: (labels) => listMarked(runner, labels),
    describe,
  };
}

const capabilities: Omit<EngineCapabilities, 'version'> = {
  kind: 'host',
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
};

const withoutImages = {
  inspect: async () => undefined,
  login: async () => needsEngine('Logging in to a registry'),
  tag: async (image) => needsEngine(`Naming ${image}`),
  pull: async (image) => needsEngine(`Pulling ${image}`),
  push: async (image) => needsEngine(`Pushing ${image}`),
  build: async ({ image }) => needsEngine(`Building ${image}`),
  removeImage: async () => {},
  listImages: async () => [],
  imageUsers: async () => [],
  extractFile: async (image) => needsEngine(`Reading a file of ${image}`),
} satisfies Partial<Engine>;

const describe: Engine['describe'] = {
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
};

function startProcess(runner: CommandRunner, container: ContainerSpec, spec: ExecSpec): RunningCommand {
  const [program = '', ...words] = spec.argv;
  const cwd = spec.workdir ?? container.workdir;
  return runner.start({
    argv: [program, ...words],
    env: { ...container.env, ...spec.env, ...marksOf(container) },
    secretEnv: spec.secretEnv,
    ...(cwd === '' ? {} : { cwd }),
    ...(spec.onStdout ? { onStdout: spec.onStdout } : {}),
    ...(spec.onStderr ? { onStderr: spec.onStderr } : {}),
  });
}

const marksOf = ({ name, labels }: ContainerSpec): Record<string, string> => ({
  [mark]: name,
  [labelsMark]: JSON.stringify({ name, labels }),
});

const listScript = `
for file in $(grep -lsz "^$1=" /proc/[0-9]*/environ); do
  tr '\\0' '\\n' <"$file" 2>/dev/null | grep "^$1="
done | sort -u
exit 0`;

async function listMarked(
  runner: CommandRunner,
  labels: Readonly<Record<string, string>>,
): Promise<ContainerSummary[]> {
  const { stdout } = await runCommand(runner, { argv: ['/bin/sh', '-c', listScript, 'list', labelsMark] });
  return stdout
    .split('\n')
    .flatMap((line) => summaryOf(line.slice(labelsMark.length + 1)))
    .filter((found) => Object.entries(labels).every(([name, value]) => fits(found.labels[name], value)));
}

/** As engines have it: a label without a value asks for any. */
const fits = (found: string | undefined, wanted: string): boolean =>
  found !== undefined && (wanted === '' || found === wanted);

/** Anybody can set the variable, so it may hold anything. */
function summaryOf(text: string): ContainerSummary[] {
  try {
    const { name, labels } = JSON.parse(text) as { name: unknown; labels: Record<string, unknown> };
    if (typeof name !== 'string' || name === '') return [];
    const texts = Object.entries(labels).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    return [{ id: name, name, running: true, labels: Object.fromEntries(texts) }];
  } catch {
    return [];
  }
}

/**
 * One process may start another while it is being ended, so it looks again until there is none. A pid may be given to
 * another process at any moment: the start time (field 22 of /proc/PID/stat) tells that the one which has the mark is
 * still the one that is ended.
 */
const endMarkedScript = `
started() {
  read -r line 2>/dev/null <"/proc/$1/stat" || return 1
  set -- \${line##*) }
  start=\${20}
}
for round in 1 2 3 4 5 6 7 8 9 10; do
  found=$(grep -lszxF -e "$1" /proc/[0-9]*/environ | cut -d/ -f3)
  test -z "$found" && exit 0
  for pid in $found; do
    started "$pid" || continue
    first=$start
    grep -qszxF -e "$1" "/proc/$pid/environ" && started "$pid" && test "$start" = "$first" && kill -9 "$pid" 2>/dev/null
  done
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
