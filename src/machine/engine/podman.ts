import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MadError } from '../../foundation/error.ts';
import type { CommandRunner } from '../command/command.ts';
import { clientError, notInstalled, startClient } from './client-error.ts';
import { csvField } from './container-argv.ts';
import { containerEngine } from './container-cli.ts';
import type { Dialect } from './dialect.ts';
import { isDockerHub } from './docker.ts';
import type { Engine, EngineCapabilities } from './engine.ts';

const answerWithinMs = 60_000;

/** Podman through its command line; version 4 or newer. */
export const podmanEngine = (runner: CommandRunner): Engine => {
  let asked: Promise<EngineCapabilities> | undefined;
  const capabilities = (): Promise<EngineCapabilities> => {
    asked ??= askPodman(runner).catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
  return containerEngine({ ...dialect, capabilities }, runner);
};

const dialect: Omit<Dialect, 'capabilities'> = {
  kind: 'podman',
  title: 'Podman',
  program: 'podman',
  access: async (_runner, { configDir }) => ({
    before: [],
    after: [`--authfile=${join(configDir, 'auth.json')}`],
  }),
  options: withCdiDevices,
  version: '{{.Client.Version}}',
  loginName: (registry) => [isDockerHub(registry) ? 'docker.io' : registry],
  loopback: (name) =>
    /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?(\/|$)/.test(name) ? ['--tls-verify=false'] : [],
  // Without a limit it waits 10 s for a process that ignores TERM.
  remove: ['rm', '--force', '--volumes', '--time=0'],
  push: ['push', '--digestfile=${digest_file}'],
  pushed: pushWithDigestFile,
  // It reads the value as a line of CSV.
  filter: (value) => `--filter=${csvField(value)}`,
  builder: ({ buildClient }) => ({ words: [buildClient, 'build'], env: {} }),
  // Uses what is there when no registry has it, so a base that exists only here needs no care.
  pullWord: async () => ({ word: '--pull=newer' }),
};

/** It tells the digest in a file only, and not in /dev/stdout: that can't be opened where it is a socket, as here. */
async function pushWithDigestFile(transfer: (words: readonly string[]) => Promise<string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'madengine-push-'));
  try {
    const file = join(folder, 'digest');
    await transfer(['push', `--digestfile=${file}`]);
    return await readFile(file, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** NVIDIA GPUs by their names of the Container Device Interface: podman 4 swallows `--gpus` without a word. */
export function withCdiDevices(words: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    if (word === '--gpus') return [];
    const value = words[index - 1] === '--gpus' ? word : /^--gpus=(.*)$/.exec(word)?.[1];
    if (value === undefined) return [word];
    const named = value.replaceAll('"', '');
    const devices = named.startsWith('device=') ? named.slice('device='.length).split(',') : ['all'];
    return devices.map((device) => `--device=nvidia.com/gpu=${device}`);
  });
}

/** The parts of `podman info --format json` that we read. */
interface PodmanInfo {
  host?: { serviceIsRemote?: boolean; security?: { rootless?: boolean } };
  store?: { graphRoot?: string };
  version?: { Version?: string };
}

async function askPodman(runner: CommandRunner): Promise<EngineCapabilities> {
  const client = await runner.which('podman');
  if (client === undefined) throw notInstalled('Podman');
  const result = await startClient(runner, 'Podman', {
    argv: ['podman', 'info', '--format', 'json'],
    timeoutMs: answerWithinMs,
  });
  const info = parseInfo(result.stdout);
  if (info?.version?.Version === undefined) {
    const { message, hint } = clientError('Podman', 'podman info', result);
    throw new MadError('ENGINE_UNAVAILABLE', message, { hint: hint ?? 'Run podman info to see more.' });
  }
  const local = info.host?.serviceIsRemote !== true;
  return {
    kind: 'podman',
    version: info.version.Version,
    client,
    buildClient: client,
    // Buildah builds; it knows RUN --mount, but isn't BuildKit.
    buildKit: false,
    buildSecrets: true,
    namedContexts: true,
    rootless: info.host?.security?.rootless === true,
    sharesFiles: local,
    storage: local ? info.store?.graphRoot : undefined,
    lost: ['BuildKit: "# syntax=" lines of Dockerfiles and the inline cache have no effect with podman.'],
  };
}

function parseInfo(output: string): PodmanInfo | undefined {
  try {
    return JSON.parse(output) as PodmanInfo;
  } catch {
    return undefined;
  }
}
