/** The OpenSSH server of `script/servers`, as NAS and as a host of repositories. */
import { chmod, copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { inject, onTestFinished } from 'vitest';

export interface SshServer {
  port: number;
  /** Logs in with the key or the password. */
  user: string;
  /** Logs in with the password alone. */
  passwordUser: string;
  password: string;
  keyFile: string;
  knownHostsFile: string;
}

export async function sshServer(): Promise<SshServer> {
  const { sshPort, sshUser, sshPasswordUser, sshFolder } = inject('servers');
  return {
    port: Number(sshPort),
    user: sshUser,
    passwordUser: sshPasswordUser,
    password: await readFile(join(sshFolder, 'password'), 'utf8'),
    keyFile: join(sshFolder, 'client_key'),
    knownHostsFile: join(sshFolder, 'known_hosts'),
  };
}

/** An empty folder that the server shows, which goes with the test: its path here and as the server has it. */
export async function servedFolder(): Promise<{ here: string; there: string }> {
  const here = await mkdtemp(join(inject('servers').sshFolder, 'data', 'test-'));
  onTestFinished(() => rm(here, { recursive: true, force: true, maxRetries: 3 }));
  await chmod(here, 0o755);
  return { here, there: `/mnt/data/${basename(here)}` };
}

/** The server's key and known hosts in a package, as its owner would put them there: `keys/id` and `keys/known_hosts`. */
export async function keysInto(folder: string): Promise<void> {
  const { keyFile, knownHostsFile } = await sshServer();
  await copyFile(keyFile, join(folder, 'id'));
  await chmod(join(folder, 'id'), 0o600);
  await copyFile(knownHostsFile, join(folder, 'known_hosts'));
}
