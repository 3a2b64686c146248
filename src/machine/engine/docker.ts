import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandRunner } from '../command/command.ts';
import { containerEngine } from './container-cli.ts';
import type { Dialect } from './dialect.ts';
import { askDocker, type DockerFacts } from './docker-capabilities.ts';
import { dockerfileBases } from './dockerfile-bases.ts';
import type { Engine } from './engine.ts';
import { isLocalOnly } from './image-info.ts';

/** Docker through its command line: users' options, contexts and credential helpers come with it. */
export function dockerEngine(runner: CommandRunner): Engine {
  const asked = new Map<string, Promise<DockerFacts>>();
  const facts = (purpose?: 'run'): Promise<DockerFacts> => {
    const key = purpose ?? 'all';
    const known = asked.get('all') ?? asked.get(key);
    if (known) return known;
    const answer = askDocker(runner, purpose).catch((error: unknown) => {
      // An engine that was down may be up the next time.
      asked.delete(key);
      throw error;
    });
    asked.set(key, answer);
    return answer;
  };
  return containerEngine(dialectOf(facts), runner);
}

const dialectOf = (facts: (purpose?: 'run') => Promise<DockerFacts>): Dialect => ({
  kind: 'docker',
  title: 'Docker',
  program: 'docker',
  capabilities: async (_runner, purpose) => (await facts(purpose)).capabilities,
  async access(_runner, { configDir }) {
    await prepareConfig(configDir);
    const { context, endpoint } = await facts('run');
    // The folder replaces the user's, and with it the docker context that may stand in there.
    const host = context === 'default' || endpoint === '' ? [] : ['--host', endpoint];
    return { before: ['--config', configDir, ...host], after: [] };
  },
  options: (words) => words,
  version: '{{.Server.Version}}',
  loginName: (registry) => (isDockerHub(registry) ? [] : [registry]),
  // The daemon tries plain HTTP there by itself.
  loopback: () => [],
  remove: ['rm', '--force', '--volumes'],
  push: ['push'],
  pushed: (transfer) => transfer(['push']),
  filter: (value) => `--filter=${value}`,
  builder({ buildClient, buildKit, namedContexts }) {
    // The old builder leaves the container of a failed step behind, unless it is told not to.
    if (!buildKit) return { words: [buildClient, 'build', '--force-rm'], env: { DOCKER_BUILDKIT: '0' } };
    // The builder named default is the engine itself, which knows local images; the user may have chosen another.
    const words = namedContexts
      ? [buildClient, 'buildx', 'build', '--builder=default', '--load']
      : [buildClient, 'build'];
    return { words: [...words, '--progress=plain'], env: { DOCKER_BUILDKIT: '1' } };
  },
  async pullWord({ buildArgs }, dockerfile, inspect) {
    const bases = dockerfileBases(dockerfile, buildArgs);
    const images = await Promise.all(bases.map(inspect));
    const localOnly = bases.filter((base, index) => {
      const image = images[index];
      return image !== undefined && isLocalOnly(base, image);
    });
    if (localOnly.length === 0) return { word: '--pull' };
    return {
      word: undefined,
      note: `${localOnly.join(', ')} exists only on this machine, so no registry is asked for newer base images.`,
    };
  },
});

export const isDockerHub = (registry: string): boolean =>
  ['', 'docker.io', 'dockerhub', 'index.docker.io', 'registry-1.docker.io'].includes(registry);

/**
 * A configuration folder without any login makes the client look for a keyring of the user to store the first one in;
 * one entry that stands for nothing keeps it in this folder.
 */
async function prepareConfig(configDir: string): Promise<void> {
  await mkdir(configDir, { recursive: true, mode: 0o700 });
  const config = JSON.stringify({ auths: { 'placeholder.invalid': {} } });
  await writeFile(join(configDir, 'config.json'), config, { mode: 0o600, flag: 'wx' }).catch((error) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
}
