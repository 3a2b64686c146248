/** A registry that belongs to one test and can die in the middle of a transfer. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './folder.ts';

export interface MortalRegistry {
  /** `host:port` */
  address: string;
  /** It is killed when so many bytes more went to it or came from it. */
  dieAfter(bytes: number): void;
  isDead(): boolean;
}

export async function mortalRegistry(): Promise<MortalRegistry> {
  const folder = await temporaryFolder();
  let server: ChildProcess | undefined;
  let bytesLeft = Number.POSITIVE_INFINITY;
  const open = new Set<Socket>();
  // What engines talk to: it counts the bytes, and knows the port before the registry has one.
  const counter = createServer((client) => {
    const upstream = connect(registryPort, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on('data', (chunk: Buffer) => {
        bytesLeft -= chunk.length;
        if (bytesLeft <= 0) return die();
        to.write(chunk);
      });
      from.once('error', () => to.destroy());
      from.once('close', () => {
        open.delete(from);
        to.end();
      });
    }
  });
  const die = (): void => {
    server?.kill('SIGKILL');
    for (const socket of open) socket.destroy();
    counter.close();
  };
  await new Promise<void>((resolve) => counter.listen(0, '127.0.0.1', resolve));
  const { port } = counter.address() as { port: number };
  const registryPort = await freePort();
  const configuration = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') } },
    http: { addr: `127.0.0.1:${registryPort}` },
  };
  await writeFile(join(folder, 'config.yml'), JSON.stringify(configuration));
  server = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  onTestFinished(die);
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 100) throw new Error('the registry does not answer');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    address: `127.0.0.1:${port}`,
    dieAfter: (bytes) => {
      bytesLeft = bytes;
    },
    isDead: () => server?.signalCode === 'SIGKILL',
  };
}

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/v2/`).then(
    ({ ok }) => ok,
    () => false,
  );

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
