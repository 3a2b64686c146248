import { execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { selfSigned } from './certificate.ts';
import { temporaryFolder } from './folder.ts';

const execute = promisify(execFile);

/**
 * A registry with a certificate that nobody trusts, for one test; `host:port`. Under a name that engines don't take for
 * a registry without a certificate, as they do with 127.0.0.1.
 */
export async function tlsRegistry(): Promise<string> {
  const folder = await temporaryFolder();
  const address = await ownAddress();
  const port = await freePort();
  const { key, certificate } = await selfSigned(folder, [`IP:${address}`]);
  const configuration = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') } },
    http: { addr: `${address}:${port}`, tls: { certificate, key } },
  };
  await writeFile(join(folder, 'config.yml'), JSON.stringify(configuration));
  const server = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  onTestFinished(() => void server.kill());
  for (let tries = 0; !(await answers(address, port)); tries++) {
    if (tries > 100) throw new Error(`the registry at ${address}:${port} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return `${address}:${port}`;
}

/** Engines accept plain HTTP and any certificate on 127.0.0.0/8, so it has to be another address of this machine. */
async function ownAddress(): Promise<string> {
  const { stdout } = await execute('hostname', ['--all-ip-addresses']);
  const address = stdout
    .split(/\s+/)
    .find((one) => /^\d+\.\d+\.\d+\.\d+$/.test(one) && !one.startsWith('127.'));
  if (address === undefined) throw new Error('this machine has no address but those of loopback');
  return address;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      socket.destroy();
      resolve(true);
    }).once('error', () => resolve(false));
  });
}
