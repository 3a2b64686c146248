/** An engine in memory, for tests: what it holds, what was asked of it, and failures in the order in which they come. */
import { MadError } from '../foundation/error.ts';
import type { BuildSpec, Engine, EngineCapabilities, ImageInfo } from '../machine/engine/engine.ts';

export const fakeCapabilities: EngineCapabilities = {
  kind: 'docker',
  version: '20.10.24',
  client: 'docker',
  buildClient: 'docker',
  buildKit: true,
  buildSecrets: true,
  namedContexts: true,
  rootless: false,
  sharesFiles: true,
  storage: undefined,
  lost: [],
};

export interface FakeEngine extends Engine {
  /** `act argument`, in order. */
  readonly asked: string[];
  readonly images: Map<string, ImageInfo>;
}

export interface FakeEngineOptions {
  images?: Record<string, Partial<ImageInfo>>;
  /** Thrown by the first calls of an act, one each. */
  failures?: Partial<Record<'login' | 'pull' | 'push' | 'tag', Error[]>>;
  /** Images that `pull` brings. */
  registry?: Record<string, Partial<ImageInfo>>;
  pushDigest?: string;
  build?(spec: BuildSpec): Promise<ImageInfo>;
}

export function imageInfo(facts: Partial<ImageInfo>): ImageInfo {
  return { id: 'sha256:none', repoDigests: [], tags: [], env: {}, architecture: 'amd64', bytes: 1, ...facts };
}

export function fakeEngine(options: FakeEngineOptions = {}): FakeEngine {
  const asked: string[] = [];
  const images = new Map(
    Object.entries(options.images ?? {}).map(([name, facts]) => [name, imageInfo(facts)]),
  );
  const note = (act: 'login' | 'pull' | 'push' | 'tag', argument: string): void => {
    asked.push(`${act} ${argument}`);
    const failure = options.failures?.[act]?.shift();
    if (failure) throw failure;
  };
  const unused = (): never => {
    throw new Error('the fake engine runs no containers');
  };
  return {
    kind: 'docker',
    asked,
    images,
    capabilities: async () => fakeCapabilities,
    version: async () => fakeCapabilities.version,
    inspect: async (image) => images.get(image),
    login: async (registry, username, _password, { configDir }) =>
      note('login', `${registry} ${username} ${configDir}`),
    tag: async (image, as) => note('tag', `${image} ${as}`),
    push: async (image, { configDir, onProgress }) => {
      note('push', configDir ? `${image} with ${configDir}` : image);
      onProgress?.(1, 2);
      return options.pushDigest ?? 'sha256:pushed';
    },
    pull: async (image, { configDir }) => {
      note('pull', configDir ? `${image} with ${configDir}` : image);
      const facts = options.registry?.[image];
      if (!facts) throw new MadError('PULL_FAILED', `${image}: manifest unknown`);
      const info = imageInfo(facts);
      images.set(image, info);
      return info;
    },
    build: options.build ?? unused,
    create: unused,
    exec: unused,
    outOfMemory: async () => false,
    kill: unused,
    remove: unused,
    removeImage: unused,
    listImages: unused,
    imageUsers: unused,
    extractFile: unused,
    list: unused,
    describe: {
      build: (spec) => [
        'docker',
        'build',
        `--tag=${spec.image}`,
        ...Object.keys(spec.buildArgs).map((name) => `--build-arg=${name}=${spec.buildArgs[name] ?? ''}`),
        spec.contextDir,
      ],
      push: () => [],
      pull: () => [],
      create: () => [],
      exec: () => [],
      remove: () => [],
    },
  };
}
