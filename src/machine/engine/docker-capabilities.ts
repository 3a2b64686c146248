/** What Docker can do here: one call of the engine, in parallel with what the other clients on PATH say of themselves. */
import { MadError } from '../../foundation/error.ts';
import { type CommandResult, type CommandRunner, runCommand, succeeded } from '../command/command.ts';
import { notInstalled, saidBy, startClient, unavailable } from './client-error.ts';
import type { EngineCapabilities } from './engine.ts';

/** A daemon that is starting, or busy with its disk, takes its time; one that hangs is as good as none. */
const answerWithinMs = 60_000;

export interface DockerFacts {
  capabilities: EngineCapabilities;
  /** The docker context in use. */
  context: string;
  /** Where the engine listens, such as `unix:///var/run/docker.sock`; '' when the client can't say. */
  endpoint: string;
}

/** The parts of `docker info --format '{{json .}}'` that we read. */
interface DockerInfo {
  ServerVersion?: string;
  ServerErrors?: string[];
  DockerRootDir?: string;
  SecurityOptions?: string[] | null;
  ClientInfo?: {
    /** Clients before 23 don't say. */
    Version?: string;
    Context?: string;
    Plugins?: { Name?: string; Version?: string; Err?: unknown }[] | null;
  };
  /** Podman's words: its `docker` stands in for the real one. */
  host?: unknown;
}

interface Client {
  path: string;
  major: number;
}

/** For a run, the other clients are not asked: the best builder may then stay unknown. */
export async function askDocker(runner: CommandRunner, purpose?: 'run'): Promise<DockerFacts> {
  const paths = await runner.whichAll('docker');
  const [first] = paths;
  const others = purpose === 'run' ? [] : paths.slice(1);
  if (first === undefined) throw notInstalled('Docker');
  const [info, endpoint, versions] = await Promise.all([
    askInfo(runner),
    askEndpoint(runner),
    Promise.all(others.map((path) => askVersion(runner, path))),
  ]);
  const buildx = buildxVersion(info);
  const builder = chooseBuilder(
    { path: first, major: majorOf(info.ClientInfo?.Version) },
    others.map((path, index) => ({ path, major: versions[index] ?? Number.POSITIVE_INFINITY })),
    canNameContexts(buildx, majorOf(info.ServerVersion)),
    buildx !== undefined,
  );
  return {
    context: info.ClientInfo?.Context ?? 'default',
    endpoint,
    capabilities: {
      kind: 'docker',
      version: info.ServerVersion ?? '',
      client: first,
      ...builder,
      rootless: (info.SecurityOptions ?? []).some((option) => /name=rootless/.test(option)),
      sharesFiles: endpoint === '' || endpoint.startsWith('unix:'),
      storage: info.DockerRootDir || undefined,
    },
  };
}

async function askInfo(runner: CommandRunner): Promise<DockerInfo> {
  const result = await startClient(runner, 'Docker', {
    argv: ['docker', 'info', '--format', '{{json .}}'],
    timeoutMs: answerWithinMs,
  });
  if (result.end.kind === 'timed-out') {
    throw new MadError('ENGINE_UNAVAILABLE', `Docker didn't answer within ${answerWithinMs / 1000} s.`, {
      hint: 'See whether the daemon hangs (docker info), its log, and the disk that it stores images on.',
    });
  }
  const info = parseInfo(result.stdout);
  if (info?.host !== undefined) {
    throw new MadError('ENGINE_UNAVAILABLE', 'The program "docker" here is podman under another name.', {
      hint: 'Use it as what it is: --engine podman.',
    });
  }
  if (info?.ServerVersion) return info;
  throw noAnswer(result, info?.ServerErrors ?? []);
}

function noAnswer(result: CommandResult, serverErrors: readonly string[]): MadError {
  const said = [result.stderr, ...serverErrors].join('\n');
  return (
    unavailable('Docker', said) ??
    new MadError('ENGINE_UNAVAILABLE', `Docker doesn't answer: ${saidBy({ stderr: said, stdout: '' })}`, {
      hint: 'Run docker info to see more.',
    })
  );
}

function parseInfo(output: string): DockerInfo | undefined {
  try {
    const info: unknown = JSON.parse(output);
    return info !== null && typeof info === 'object' ? (info as DockerInfo) : undefined;
  } catch {
    return undefined;
  }
}

/** The client knows from DOCKER_HOST, DOCKER_CONTEXT and its configuration which engine it talks to. */
async function askEndpoint(runner: CommandRunner): Promise<string> {
  const result = await runCommand(runner, {
    argv: ['docker', 'context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'],
    timeoutMs: answerWithinMs,
  });
  return succeeded(result) ? result.stdout.trim() : '';
}

/** The major version of a client, from `Docker version 20.10.24+dfsg1, build 297e128`. */
async function askVersion(runner: CommandRunner, path: string): Promise<number> {
  const result = await runCommand(runner, { argv: [path, '--version'], timeoutMs: answerWithinMs });
  const text = /^Docker version (\d[\w.+~-]*)/.exec(result.stdout)?.[1];
  return text === undefined ? Number.POSITIVE_INFINITY : majorOf(text);
}

/** 0 for a client that doesn't say: those are older than 23. */
const majorOf = (version: string | undefined): number => Number(/^\d+/.exec(version ?? '')?.[0] ?? 0);

function buildxVersion(info: DockerInfo): string | undefined {
  const plugin = info.ClientInfo?.Plugins?.find(({ Name, Err }) => Name === 'buildx' && !Err);
  return plugin && (plugin.Version ?? '');
}

/** The plugin sends them from 0.8 on; an engine before 23 refuses the whole build that has one, used or not. */
const canNameContexts = (buildx: string | undefined, engine: number): boolean =>
  buildx !== undefined && !/^v?0\.[1-7]\./.test(buildx) && engine >= 23;

type Builder = Pick<
  EngineCapabilities,
  'buildClient' | 'buildKit' | 'buildSecrets' | 'namedContexts' | 'lost'
>;

/**
 * From version 23 on a client speaks BuildKit through the buildx plugin only and else falls back to the old builder;
 * older ones have BuildKit built in. So an older client behind a newer one can be the better builder.
 */
function chooseBuilder(
  first: Client,
  others: readonly Client[],
  namedContexts: boolean,
  hasBuildx: boolean,
): Builder {
  if (hasBuildx) {
    return { ...withBuildKit(first), namedContexts, lost: namedContexts ? [] : [noNamedContexts] };
  }
  const older = [first, ...others].find(({ major }) => major < 23);
  if (older) return { ...withBuildKit(older), namedContexts: false, lost: [noNamedContexts] };
  return {
    buildClient: first.path,
    buildKit: false,
    buildSecrets: false,
    namedContexts: false,
    lost: [noBuildKit],
  };
}

const withBuildKit = ({ path }: Client) => ({ buildClient: path, buildKit: true, buildSecrets: true });

const noNamedContexts =
  'Named build contexts (COPY --from=NAME of another folder): they need Docker Engine 23 or newer with the buildx plugin (package docker-buildx-plugin or docker-buildx).';
const noBuildKit =
  'BuildKit: no build secrets and cache mounts (RUN --mount), no named build contexts, slower builds. Install the buildx plugin (package docker-buildx-plugin or docker-buildx).';
