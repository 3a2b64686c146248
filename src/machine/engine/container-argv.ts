/** Command lines of container clients as pure functions: docker and podman understand the same ones here. */
import { MadError } from '../../foundation/error.ts';
import type { BuildSpec, ContainerSpec, EngineCapabilities, ExecSpec, Mount } from './engine.ts';

type Named = Readonly<Record<string, string>>;

/** What `describe.build` needs; how the output is read is no part of a command line. */
export type BuildWords = Omit<BuildSpec, 'onOutput' | 'signal'>;

/**
 * The first process of a container that waits for `exec`. It needs nothing of the image but a shell, and no terminal:
 * it waits for a child that has stopped itself. It ends at once when asked politely (a first process ignores TERM
 * unless it handles it), and collects the processes that others leave behind. Whoever wakes the child (or a sandbox
 * in which nothing can be stopped) makes it sleep, if there is a `sleep`. As cheap to start as `sleep` or `cat` are.
 */
export const waitingProgram =
  "trap 'kill -KILL $! 2>/dev/null; exit 0' TERM INT; " +
  "while :; do /bin/sh -c 'kill -STOP $$; exec sleep 3600' 2>/dev/null & wait $!; done";

export function createArgv(client: readonly string[], spec: ContainerSpec): string[] {
  return [
    ...client,
    'run',
    '--detach',
    '--pull=never',
    ...spec.mounts.map((mount) => `--mount=${mountValue(mount)}`),
    ...envWords(spec.env),
    ...(spec.workdir === '' ? [] : [`--workdir=${spec.workdir}`]),
    ...(spec.user === '' ? [] : [`--user=${userId(spec.user)}`]),
    ...spec.options,
    // Behind what a card may ask for: by these we find, keep and remove the container.
    `--name=${spec.name}`,
    ...labelWords(spec.labels),
    '--entrypoint=/bin/sh',
    operand(spec.image, 'image'),
    '-c',
    waitingProgram,
  ];
}

export function execArgv(
  client: readonly string[],
  container: string,
  spec: Omit<ExecSpec, 'onStdout' | 'onStderr'>,
): string[] {
  const secretNames = Object.keys(spec.secretEnv);
  requireHarmlessNames(secretNames);
  return [
    ...client,
    'exec',
    ...(spec.user ? [`--user=${userId(spec.user)}`] : []),
    ...(spec.workdir ? [`--workdir=${spec.workdir}`] : []),
    ...envWords(spec.env),
    ...secretNames.map((name) => `--env=${envName(name)}`),
    operand(container, 'container'),
    ...spec.argv,
  ];
}

/** Where a build leaves the id of its image. */
export const imageIdFile = (spec: Pick<BuildSpec, 'secretsDir'>): string => `${spec.secretsDir}/image-id`;

/** Where each engine secret lies for the time of the build. */
export function secretFiles(spec: Pick<BuildSpec, 'secrets' | 'secretsDir'>): { id: string; file: string }[] {
  // Numbered, because an id may be any text.
  return Object.keys(spec.secrets).map((id, index) => ({ id, file: `${spec.secretsDir}/secret-${index}` }));
}

/** `client` with its `build` words, such as `docker buildx build`. */
export function buildArgv(
  client: readonly string[],
  spec: BuildWords,
  can: Pick<EngineCapabilities, 'buildSecrets' | 'namedContexts'>,
  pullWord: string | undefined,
): string[] {
  const byName = Object.keys(spec.buildArgs).filter((name) => spec.buildArgs[name] === null);
  requireHarmlessNames(byName);
  return [
    ...client,
    '--network=host',
    ...(pullWord === undefined ? [] : [pullWord]),
    ...(spec.noCache ? ['--no-cache'] : []),
    `--tag=${spec.image}`,
    `--file=${spec.dockerfile}`,
    ...labelWords(spec.labels),
    ...Object.entries(spec.buildArgs).map(
      ([name, value]) => `--build-arg=${envName(name)}${value === null ? '' : `=${value}`}`,
    ),
    ...(can.buildSecrets
      ? secretFiles(spec).map(({ id, file }) => `--secret=${csvFields({ id, src: file })}`)
      : []),
    ...(can.namedContexts
      ? Object.entries(spec.namedContexts).map(([name, folder]) => `--build-context=${name}=${folder}`)
      : []),
    `--iidfile=${imageIdFile(spec)}`,
    operand(spec.contextDir, 'build context'),
  ];
}

/** The value of `--mount`; clients read it as one line of CSV, so paths may hold commas, colons and quotes. */
export const mountValue = ({ host, container, readOnly }: Mount): string =>
  csvFields({ type: 'bind', source: host, target: container }) + (readOnly ? ',readonly' : '');

function csvFields(fields: Named): string {
  return Object.entries(fields)
    .map(([key, value]) => csvField(`${key}=${value}`))
    .join(',');
}

/** One field of a line of CSV. */
export const csvField = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

export const labelWords = (labels: Named): string[] =>
  Object.entries(labels).map(([name, value]) => `--label=${envName(name)}=${value}`);

const envWords = (env: Named): string[] =>
  Object.entries(env).map(([name, value]) => `--env=${envName(name)}=${value}`);

/** Values of `--filter`; `''` as a label's value stands for any. */
export const labelFilters = (labels: Named): string[] =>
  Object.entries(labels).map(([name, value]) => `label=${envName(name)}${value === '' ? '' : `=${value}`}`);

/** Images without a list of users know root by its number only. */
const userId = (user: string): string => (user === 'root' ? '0' : user);

/** A name before `=`; with another character in it, it would set something else than it says. */
function envName(name: string): string {
  if (/^[^=\s\0]+$/.test(name)) return name;
  throw new MadError('ENGINE_FAILED', `${JSON.stringify(name)} can't be the name of a variable or label.`, {
    hint: 'Names have no blanks and no "=".',
  });
}

/** A word that is no option: one that begins with a hyphen would be taken for one. */
export function operand(word: string, what: string): string {
  if (word !== '' && !word.startsWith('-') && !/[\0-\x1f\x7f]/.test(word)) return word;
  throw new MadError('ENGINE_FAILED', `The name of the ${what} can't be used: ${JSON.stringify(word)}`, {
    hint: 'Check the build manifest and the model card where it comes from.',
  });
}

/**
 * A value that is passed by name stands in the client's own environment, where these names steer the client itself:
 * the program it would load, the engine and the logins that it would use.
 */
const steersTheClient =
  /^(PATH|HOME|TMPDIR|GODEBUG|LD_.*|XDG_.*|BUILDKIT_.*|BUILDX_.*|CONTAINERS?_.*|REGISTRY_AUTH_FILE|DOCKER_(HOST|CONTEXT|CONFIG|CERT_PATH|TLS.*|API_VERSION|BUILDKIT|CONTENT_TRUST.*|DEFAULT_PLATFORM|CLI_.*|AUTH_CONFIG))$/;

function requireHarmlessNames(names: readonly string[]): void {
  const bad = names.find((name) => steersTheClient.test(name));
  if (bad === undefined) return;
  throw new MadError(
    'ENGINE_FAILED',
    `A secret can't be handed over as ${bad}: the container client itself obeys a variable of that name.`,
    { hint: 'Give the credential or the secret another name.' },
  );
}
