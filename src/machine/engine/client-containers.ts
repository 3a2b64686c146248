/** What a container client does with containers. */
import { type RunningCommand, runCommand, succeeded } from '../command/command.ts';
import { answerWithinMs, type Client, linesOf } from './client.ts';
import { saidBy } from './client-error.ts';
import { createArgv, execArgv, labelFilters, operand } from './container-argv.ts';
import { createError } from './create-error.ts';
import type { ContainerSpec, ContainerSummary, Engine, ExecSpec } from './engine.ts';
import { wasOutOfMemory } from './out-of-memory.ts';

type ContainerActs = Pick<Engine, 'create' | 'exec' | 'outOfMemory' | 'kill' | 'remove' | 'list'>;

export const containerActs = (client: Client): ContainerActs => ({
  create: (spec) => createContainer(client, spec),
  exec: (container, spec) => execIn(client, container, spec),
  outOfMemory: (container) =>
    wasOutOfMemory(client.runner, client.dialect.program, operand(container, 'container')),
  async kill(container) {
    const ended = /no such container|is not running|can only kill running/i;
    await client.ask(`Ending ${container}`, ['kill', operand(container, 'container')], ended);
  },
  remove: (container) => removeContainer(client, container),
  list: (labels) => listContainers(client, labels),
});

/** The words behind the client that make and start a container. */
export const createWords = ({ dialect }: Client, spec: ContainerSpec): string[] =>
  createArgv([], { ...spec, options: dialect.options(spec.options) });

async function createContainer(client: Client, spec: ContainerSpec): Promise<string> {
  const result = await client.run(createWords(client, spec), { timeoutMs: answerWithinMs });
  const id = /^[0-9a-f]{64}$/m.exec(result.stdout)?.[0];
  if (succeeded(result) && id) return id;
  // A container that could not be started exists all the same.
  const leftover = id ?? (await unstartedContainer(client, spec, saidBy(result)));
  if (leftover) await removeContainer(client, leftover);
  throw createError(client.dialect.title, spec, result);
}

/** The id of a container that this very `create` made and could not start, where the client didn't print it. */
async function unstartedContainer(
  client: Client,
  spec: ContainerSpec,
  said: string,
): Promise<string | undefined> {
  // Without labels of our own, nothing tells it from somebody else's.
  if (Object.keys(spec.labels).length === 0 || /in use/i.test(said)) return undefined;
  const found = await listContainers(client, spec.labels).catch(() => []);
  return found.find(({ name, running }) => name === spec.name && !running)?.id;
}

function execIn({ dialect, runner }: Client, container: string, spec: ExecSpec): RunningCommand {
  try {
    return runner.start({
      argv: [dialect.program, ...execArgv([], container, spec)],
      secretEnv: spec.secretEnv,
      ...(spec.onStdout ? { onStdout: spec.onStdout } : {}),
      ...(spec.onStderr ? { onStderr: spec.onStderr } : {}),
    });
  } catch (error) {
    return neverStarted(error);
  }
}

function neverStarted(error: unknown): RunningCommand {
  const result = Promise.reject(error);
  // Who waits for it gets the error; that nobody waits yet must not end the process.
  result.catch(() => {});
  return { pid: undefined, result, kill() {} };
}

export async function removeContainer({ dialect, ask }: Client, container: string): Promise<void> {
  const gone = /no such container|removal of container .* is already in progress/i;
  await ask(`The removal of ${container}`, [...dialect.remove, operand(container, 'container')], gone);
}

/** One line of JSON per container; what `ps` prints of labels can't be told apart when a value holds a comma. */
const summaryFormat =
  '{"id":{{json .ID}},"name":{{json .Name}},"running":{{json .State.Running}},"labels":{{json .Config.Labels}}}';

async function listContainers(
  { dialect, runner, ask }: Client,
  labels: Readonly<Record<string, string>>,
): Promise<ContainerSummary[]> {
  const filters = labelFilters(labels).map(dialect.filter);
  const found = linesOf(
    await ask('Listing containers', ['ps', '--all', '--quiet', '--no-trunc', ...filters]),
  );
  if (found.length === 0) return [];
  // Some may be gone by now: the others are printed all the same, and the exit code says nothing.
  const described = await runCommand(runner, {
    argv: [dialect.program, 'container', 'inspect', '--format', summaryFormat, ...found],
  });
  return linesOf(described).flatMap(parseSummary);
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
