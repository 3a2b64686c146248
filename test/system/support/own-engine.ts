/** A Docker Engine that belongs to one test, to be killed in the middle of a run. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject, onTestFinished } from 'vitest';
import { temporaryFolder } from './folder.ts';

const execute = promisify(execFile);

export interface OwnEngine {
  /** For the program's environment. */
  env: { DOCKER_HOST: string };
  docker(...args: string[]): Promise<string>;
  /** Ends the daemon as a crash does: its containers go on. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Why no second engine runs here; undefined where one can. */
export const noOwnEngine = ((): string | undefined => {
  if (process.getuid?.() !== 0) return 'only root can start a Docker Engine';
  try {
    execFileSync('dockerd', ['--version'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
})();

export interface OwnEngineOptions {
  /** Of the shared engine, to be in it. */
  images: readonly string[];
  /** `PATH` of the daemon, where it looks for hooks. */
  path?: string;
}

export async function ownEngine({ images, path }: OwnEngineOptions): Promise<OwnEngine> {
  const folder = await temporaryFolder();
  // Short, because paths of sockets are (108 bytes).
  const run = mkdtempSync('/run/madengine-test-');
  const env = { DOCKER_HOST: `unix://${run}/docker.sock` };
  const docker = async (...args: string[]): Promise<string> => {
    const { stdout } = await execute('docker', args, { env: { ...process.env, ...env } });
    return stdout.trim();
  };
  const start = async (): Promise<void> => {
    const words = [
      '--host',
      env.DOCKER_HOST,
      '--data-root',
      join(folder, 'data'),
      '--exec-root',
      join(run, 'exec'),
    ];
    const child = spawn(
      'dockerd',
      [
        ...words,
        '--pidfile',
        join(run, 'dockerd.pid'),
        '--bridge',
        bridge,
        '--iptables=false',
        '--max-download-attempts=1',
      ],
      { stdio: 'ignore', detached: true, env: { ...process.env, PATH: path ?? process.env.PATH } },
    );
    child.unref();
    for (let tries = 0; tries < 300; tries++) {
      if (
        await docker('version').then(
          () => true,
          () => false,
        )
      )
        return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('the second Docker Engine does not answer');
  };
  // One of its own: a daemon with none at all takes away the bridge of the others.
  const bridge = await makeBridge();
  onTestFinished(async () => {
    await takeAway(run, folder, docker);
    await execute('ip', ['link', 'delete', bridge]);
  });
  await start();
  const wanted = [inject('servers').baseImage, ...images];
  const archive = join(folder, 'images.tar');
  await execute('docker', ['save', '--output', archive, ...wanted]);
  await docker('load', '--quiet', '--input', archive);
  return {
    env,
    docker,
    start,
    async kill() {
      await endByFile(join(run, 'dockerd.pid'), 'SIGKILL');
      // It dies with its daemon, and the next daemon would wait for the one that the file names.
      await endByFile(containerdFile(run), 'SIGKILL');
      rmSync(containerdFile(run), { force: true });
    },
  };
}

/** With an address that nothing is routed to; names of interfaces end at 15 characters. */
async function makeBridge(): Promise<string> {
  const bridge = `mad${Math.random().toString(36).slice(2, 10)}`;
  await execute('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await execute('ip', ['address', 'add', `198.18.${Math.floor(Math.random() * 256)}.1/24`, 'dev', bridge]);
  await execute('ip', ['link', 'set', bridge, 'up']);
  return bridge;
}

const containerdFile = (run: string): string => join(run, 'exec/containerd/containerd.pid');

/** Ends the process that a file names, and waits for its end. */
async function endByFile(file: string, signal: NodeJS.Signals): Promise<void> {
  const pid = Number(await readFile(file, 'utf8').catch(() => '0'));
  if (pid <= 1) return;
  for (let tries = 0; tries < 150; tries++) {
    try {
      process.kill(pid, tries === 0 ? signal : 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function takeAway(run: string, folder: string, docker: OwnEngine['docker']): Promise<void> {
  const ids = await docker('ps', '--all', '--quiet').catch(() => '');
  for (const id of ids.split('\n').filter((one) => one !== ''))
    await docker('rm', '--force', id).catch(() => undefined);
  await endByFile(join(run, 'dockerd.pid'), 'SIGTERM');
  await endByFile(containerdFile(run), 'SIGTERM');
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts.filter((path) => path.startsWith(`${run}/`) || path.startsWith(`${folder}/`)))
    await execute('umount', ['--lazy', mount]).catch(() => undefined);
  rmSync(run, { recursive: true, force: true });
}
