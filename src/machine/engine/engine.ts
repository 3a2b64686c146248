import type { Secret } from '../../foundation/secret.ts';
import type { RunningCommand } from '../command/command.ts';

export const engineKinds = ['docker', 'podman', 'host'] as const;
export type EngineKind = (typeof engineKinds)[number];

/** What engine and client can do together; asked once per process. */
export interface EngineCapabilities {
  kind: EngineKind;
  /** Version of the engine that does the work, such as `20.10.24`; for the host engine, the kernel's. */
  version: string;
  /** The client that runs containers. */
  client: string;
  /** The client that builds images; it can differ where only an older one on PATH speaks BuildKit. */
  buildClient: string;
  buildKit: boolean;
  /** `--secret id=…,src=FILE` at build. */
  buildSecrets: boolean;
  /** `--build-context NAME=DIR`. */
  namedContexts: boolean;
  rootless: boolean;
  /** Whether folders of this machine can be mounted, so that output can be followed as a file. */
  sharesFiles: boolean;
  /** Absolute path of the engine's storage, where free space matters; undefined when unknown. */
  storage: string | undefined;
  /** What is lost against the best engine, in words for the user. */
  lost: readonly string[];
}

export interface ImageInfo {
  /** `sha256:…` of the image's configuration. */
  id: string;
  /** `repository@sha256:…` for every registry that the engine knows it from. */
  repoDigests: readonly string[];
  tags: readonly string[];
  /** Environment of the image's configuration. */
  env: Readonly<Record<string, string>>;
  architecture: string;
  bytes: number;
}

export interface BuildSpec {
  /** Local image name. */
  image: string;
  dockerfile: string;
  contextDir: string;
  namedContexts: Readonly<Record<string, string>>;
  /** A value of `null` is passed by name only, its value taken from `secretEnv`. */
  buildArgs: Readonly<Record<string, string | null>>;
  secretEnv: Readonly<Record<string, Secret>>;
  /** Engine secrets, by id; written to files of mode 600 for the time of the build. */
  secrets: Readonly<Record<string, Secret>>;
  /** Folder, mode 700, for those files. */
  secretsDir: string;
  labels: Readonly<Record<string, string>>;
  noCache: boolean;
  /** Ask the registry for a newer base image; a base that exists only here is then used as it is. */
  pull: boolean;
  /** Client configuration folder with the logins for base images; the user's own without it. */
  configDir?: string;
  onOutput(chunk: Buffer): void;
  signal?: AbortSignal;
}

export interface Mount {
  host: string;
  container: string;
  readOnly: boolean;
}

export interface ContainerSpec {
  name: string;
  image: string;
  labels: Readonly<Record<string, string>>;
  mounts: readonly Mount[];
  /** Plain environment; `inspect` shows it, so secrets never stand here. */
  env: Readonly<Record<string, string>>;
  workdir: string;
  user: string;
  /** Engine options as argv words: vendor's, card's and user's, in this order. */
  options: readonly string[];
}

export interface ExecSpec {
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Passed by name; `inspect` and the process list don't show the values. */
  secretEnv: Readonly<Record<string, Secret>>;
  user?: string;
  workdir?: string;
  onStdout?(chunk: Buffer): void;
  onStderr?(chunk: Buffer): void;
}

export interface ContainerSummary {
  id: string;
  name: string;
  running: boolean;
  labels: Readonly<Record<string, string>>;
}

/** Registry credentials for one call; `configDir` is a client configuration folder that holds a login. */
export interface RegistryAccess {
  configDir?: string;
}

export interface TransferOptions extends RegistryAccess {
  /** Layers done and layers in all, as far as the engine tells. */
  onProgress?(done: number, total: number): void;
  signal?: AbortSignal;
}

/** Something that holds images and runs containers. Errors are MadErrors with ENGINE_UNAVAILABLE, ENGINE_FAILED or the act's own code. */
export interface Engine {
  readonly kind: EngineKind;
  /** For `run`, what only builds need to know may be missing, as asking for it takes a while. */
  capabilities(purpose?: 'run'): Promise<EngineCapabilities>;
  /** The engine's own version, for records; cheaper than all of `capabilities`. */
  version(): Promise<string>;
  /** undefined when the image isn't here. */
  inspect(image: string): Promise<ImageInfo | undefined>;
  /** Logs in to `registry` within `configDir` only; the password goes through stdin. Throws LOGIN_FAILED. */
  login(
    registry: string,
    username: string,
    password: Secret,
    access: Required<RegistryAccess> & { signal?: AbortSignal },
  ): Promise<void>;
  tag(image: string, as: string): Promise<void>;
  /** Throws PULL_FAILED. */
  pull(image: string, options: TransferOptions): Promise<ImageInfo>;
  /** Returns the registry digest, `sha256:…`. Throws PUSH_FAILED. */
  push(image: string, options: TransferOptions): Promise<string>;
  /** Returns the image. Throws BUILD_FAILED. */
  build(spec: BuildSpec): Promise<ImageInfo>;
  /** Creates and starts a container that waits for `exec`; returns its id. */
  create(spec: ContainerSpec): Promise<string>;
  exec(container: string, spec: ExecSpec): RunningCommand;
  /** Whether the kernel ended the container or a process in it for lack of memory, as far as anybody knows. Never rejects. */
  outOfMemory(container: string): Promise<boolean>;
  /** Ends everything in it at once; the container stays. */
  kill(container: string): Promise<void>;
  /** Ends and removes; a container that is gone already is no error. */
  remove(container: string): Promise<void>;
  /** Never one that a container uses. An image that is gone already is no error. */
  removeImage(image: string): Promise<void>;
  /** Ids of the images that carry all these labels, those without a name, too. */
  listImages(labels: Readonly<Record<string, string>>): Promise<string[]>;
  /** Ids of the containers, running or not, that were made of an image or of one that is built on it. */
  imageUsers(image: string): Promise<string[]>;
  /** Copies one file out of an image that need not be able to run, by a short-lived container of that name. */
  extractFile(
    image: string,
    path: string,
    to: string,
    container: Pick<ContainerSpec, 'name' | 'labels'>,
  ): Promise<void>;
  /** Containers, running or not, that carry all these labels (`''` as a value: any value). */
  list(labels: Readonly<Record<string, string>>): Promise<ContainerSummary[]>;
  /** The exact command lines, for `--dry-run`: a pure function of the spec and the capabilities. */
  describe: {
    build(spec: Omit<BuildSpec, 'onOutput' | 'signal'>, capabilities: EngineCapabilities): string[];
    push(image: string): string[];
    pull(image: string): string[];
    create(spec: ContainerSpec): string[];
    exec(container: string, spec: Omit<ExecSpec, 'onStdout' | 'onStderr'>): string[];
    remove(container: string): string[];
  };
}
