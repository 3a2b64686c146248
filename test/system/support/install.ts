/**
 * Before the system tests: packs the program as it would be published, installs the tarball in an empty folder, and finds the
 * servers. The tests drive what users get, never the sources.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

const execute = promisify(execFile);
const root = resolve(import.meta.dirname, '../../..');

/** What was installed; absolute paths. */
export interface InstalledProgram {
  madengine: string;
  madengineCli: string;
  /** The installed package: `node_modules/madengine` in the clean folder. */
  packageFolder: string;
  tarball: string;
}

/** The servers of `script/servers`. Registries as `host:port`. */
export interface TestServers {
  registry: string;
  authRegistry: string;
  authUser: string;
  authPasswordFile: string;
  baseImage: string;
  /** On 127.0.0.1. */
  sshPort: string;
  /** Logs in with `client_key` or the password. */
  sshUser: string;
  /** Logs in with the password alone. */
  sshPasswordUser: string;
  /** `client_key`, `known_hosts`, `password`, and `data`, which the server has at `/mnt/data`. */
  sshFolder: string;
  /** `http://host:port`; '' where there is none. */
  minio: string;
  /** Lines `MINIO_ROOT_USER=…` and `MINIO_ROOT_PASSWORD=…`. */
  minioLoginFile: string;
  /** Why there is none, else ''. */
  minioMissing: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    installed: InstalledProgram;
    servers: TestServers;
  }
}

const serverVariables: Record<keyof TestServers, string> = {
  registry: 'MADENGINE_TEST_REGISTRY',
  authRegistry: 'MADENGINE_TEST_AUTH_REGISTRY',
  authUser: 'MADENGINE_TEST_AUTH_USER',
  authPasswordFile: 'MADENGINE_TEST_AUTH_PASSWORD_FILE',
  baseImage: 'MADENGINE_TEST_BASE_IMAGE',
  sshPort: 'MADENGINE_TEST_SSH_PORT',
  sshUser: 'MADENGINE_TEST_SSH_USER',
  sshPasswordUser: 'MADENGINE_TEST_SSH_PASSWORD_USER',
  sshFolder: 'MADENGINE_TEST_SSH_FOLDER',
  minio: 'MADENGINE_TEST_MINIO',
  minioLoginFile: 'MADENGINE_TEST_MINIO_LOGIN_FILE',
  minioMissing: 'MADENGINE_TEST_MINIO_MISSING',
};

/** The text of a failed command is in its output, which `execFile` leaves out of the message. */
async function output(program: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    return (await execute(program, [...args], { cwd, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

async function install(folder: string): Promise<InstalledProgram> {
  await output('node', ['script/build.ts'], root);
  const packed = await output(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder],
    root,
  );
  const tarball = join(folder, packed.trim().split('\n').at(-1) ?? '');
  const prefix = join(folder, 'installed');
  // Offline: an install that needs anything besides the tarball is a fault of the package.
  await output(
    'npm',
    ['install', '--offline', '--no-save', '--no-audit', '--no-fund', '--prefix', prefix, tarball],
    folder,
  );
  const modules = join(prefix, 'node_modules');
  return {
    madengine: join(modules, '.bin/madengine'),
    madengineCli: join(modules, '.bin/madengine-cli'),
    packageFolder: join(modules, 'madengine'),
    tarball,
  };
}

/** The values of `script/servers env`, from the environment where it was evaluated, else by asking. */
async function findServers(): Promise<TestServers> {
  const known = { ...process.env };
  if (known.MADENGINE_TEST_REGISTRY === undefined) {
    const exported = await output(
      'bash',
      ['-c', 'values=$(script/servers env) && eval "$values" && env -0'],
      root,
    );
    for (const line of exported.split('\0')) {
      const [name = '', ...value] = line.split('=');
      if (name.startsWith('MADENGINE_TEST_') || name === 'DOCKER_HOST') known[name] = value.join('=');
    }
    // Workers start with the environment of this process.
    if (known.DOCKER_HOST !== undefined) process.env.DOCKER_HOST = known.DOCKER_HOST;
  }
  const entries = Object.entries(serverVariables).map(([name, variable]) => {
    const value = known[variable];
    if (value === undefined) throw new Error(`${variable} is not set: eval "$(script/servers env)"`);
    return [name, value];
  });
  return Object.fromEntries(entries);
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = await findServers();
  await output('docker', ['version'], root).catch((error: unknown) => {
    throw new Error('no Docker Engine answers, and system tests need one: script/servers start', {
      cause: error,
    });
  });
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'madengine-install-'));
  const teardown = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    project.provide('installed', await install(folder));
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide('servers', servers);
  return teardown;
}
