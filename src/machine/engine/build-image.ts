import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { MadError } from '../../foundation/error.ts';
import { Scrubber, type Secret } from '../../foundation/secret.ts';
import { type CommandResult, succeeded } from '../command/command.ts';
import { OutputTail } from '../command/output-tail.ts';
import type { Client } from './client.ts';
import { endWords, interruption, saidBy, startClient, unavailable } from './client-error.ts';
import { buildArgv, imageIdFile, secretFiles } from './container-argv.ts';
import type { Dialect } from './dialect.ts';
import type { BuildSpec, EngineCapabilities, ImageInfo } from './engine.ts';
import { inspectImage } from './inspect-image.ts';
import { certificateHint, transferProblem } from './transfer-error.ts';

const evidenceBytes = 16 * 1024;

export async function buildImage(
  client: Client,
  can: EngineCapabilities,
  spec: BuildSpec,
): Promise<ImageInfo> {
  // A Dockerfile that can't be read is the client's to complain about.
  const dockerfile = await readFile(spec.dockerfile, 'utf8').catch(() => '');
  requireSupport(spec, dockerfile, can);
  await mkdir(spec.secretsDir, { recursive: true, mode: 0o700 });
  try {
    if (can.buildSecrets) await writeSecrets(spec);
    const id = await runBuild(client, can, spec, dockerfile);
    const image = await inspectImage(client, id);
    if (image) return image;
    throw new MadError('BUILD_FAILED', `${spec.image} was built, but the engine doesn't have it (${id}).`);
  } finally {
    const files = [imageIdFile(spec), ...secretFiles(spec).map(({ file }) => file)];
    await Promise.all(files.map((file) => rm(file, { force: true })));
  }
}

/** Returns the id of the image. */
async function runBuild(
  client: Client,
  can: EngineCapabilities,
  spec: BuildSpec,
  dockerfile: string,
): Promise<string> {
  const { dialect, runner } = client;
  const inspect = (image: string): Promise<ImageInfo | undefined> => inspectImage(client, image);
  const pull = spec.pull ? await dialect.pullWord(spec, dockerfile, inspect) : { word: undefined };
  if (pull.note) spec.onOutput(Buffer.from(`madengine: ${pull.note}\n`));
  const { words, env } = dialect.builder(can);
  const builder = spec.configDir ? await withLogins(words, spec.configDir, client) : words;
  const [program = dialect.program, ...rest] = buildArgv(builder, spec, can, pull.word);
  const tail = new OutputTail(evidenceBytes);
  const onOutput = (chunk: Buffer): void => {
    tail.push(chunk);
    spec.onOutput(chunk);
  };
  const result = await startClient(runner, dialect.title, {
    argv: [program, ...rest],
    env,
    secretEnv: secretsByName(spec),
    onStdout: onOutput,
    onStderr: onOutput,
    ...(spec.signal ? { signal: spec.signal } : {}),
  });
  if (!succeeded(result)) throw buildError(dialect, spec, result, tail.text());
  return (await readFile(imageIdFile(spec), 'utf8')).trim();
}

/** The program first, its subcommands behind it. */
async function withLogins(
  [program = '', ...subcommands]: readonly string[],
  configDir: string,
  { dialect, runner }: Client,
): Promise<string[]> {
  const { before, after } = await dialect.access(runner, { configDir });
  return [program, ...before, ...subcommands, ...after];
}

/** What the client takes from its environment. */
function secretsByName({ buildArgs, secretEnv }: BuildSpec): Record<string, Secret> {
  return Object.fromEntries(Object.entries(secretEnv).filter(([name]) => buildArgs[name] === null));
}

async function writeSecrets(spec: BuildSpec): Promise<void> {
  await Promise.all(
    secretFiles(spec).map(async ({ id, file }) => {
      await rm(file, { force: true });
      await writeFile(file, spec.secrets[id]?.reveal() ?? '', { mode: 0o600, flag: 'wx' });
    }),
  );
}

/** Says at once, and why, what would fail after a long time and with other words. */
function requireSupport(spec: BuildSpec, dockerfile: string, can: EngineCapabilities): void {
  const lacks = (what: string): MadError =>
    new MadError(
      'BUILD_FAILED',
      `${spec.dockerfile} needs ${what}, which the builder here (${can.buildClient}) can't do.`,
      {
        hint: can.lost.join('\n'),
      },
    );
  if (!can.buildSecrets && /--mount=\S*type=secret/.test(dockerfile)) throw lacks('build secrets');
  if (can.namedContexts) return;
  const used = Object.keys(spec.namedContexts).find((name) =>
    dockerfile.split(/\s+|,/).some((word) => word === `--from=${name}` || word === `from=${name}`),
  );
  if (used !== undefined) throw lacks(`the named build context ${used}`);
}

function buildError(dialect: Dialect, spec: BuildSpec, result: CommandResult, output: string): MadError {
  const act = `The build of ${spec.image}`;
  const given = interruption(act, result) ?? unavailable(dialect.title, output);
  if (given) return given;
  const scrubber = new Scrubber([...Object.values(spec.secrets), ...Object.values(spec.secretEnv)]);
  const said = scrubber.scrubPiece(reasonIn(output) ?? saidBy({ stderr: output, stdout: '' }));
  return new MadError(
    'BUILD_FAILED',
    `${act} from ${spec.dockerfile} failed (${endWords(result)}): ${said}`,
    registryHint(dialect, output),
  );
}

/**
 * What to do when it was the certificate of a base image's registry that stopped the build. BuildKit in Docker 20.10
 * looks for authorities once, when the daemon starts (tried).
 */
function registryHint({ title }: Dialect, output: string): { hint?: string } {
  if (transferProblem(output) !== 'certificate') return {};
  const host = /https?:\/\/([^/\s"]+)\/v2\//.exec(output)?.[1];
  if (host === undefined) return {};
  const restart =
    title === 'Docker'
      ? ' If builds then still fail, restart the daemon: sudo systemctl restart docker.'
      : '';
  return { hint: `${certificateHint(title, output, host)}${restart}` };
}

/** The words of BuildKit (built in and of the plugin), the old builder and Buildah, each on a line of its own. */
const reason = /^(ERROR: |Error: |failed to solve|executor failed|The command .* returned a non-zero code)/;

/** The line that says why a build failed; what stands around it is progress. */
const reasonIn = (output: string): string | undefined =>
  output
    .split('\n')
    .map((line) => line.trim())
    .findLast((line) => reason.test(line))
    ?.slice(0, 1000);
