import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface BreakingProxy {
  /** `http://127.0.0.1:<port>` */
  endpoint: string;
  /** Bytes that came from behind it so far. */
  passed(): number;
  /** Connections that it has broken. */
  broken(): number;
  /** Ends all connections and takes no more. */
  die(): void;
}

/**
 * Stands between a client and a server and breaks every connection that has brought `breakAfter` bytes, `times` times in
 * all; goes with the test.
 */
export async function breakingProxy(
  target: string,
  { breakAfter, times }: { breakAfter: number; times: number },
): Promise<BreakingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let passed = 0;
  let broken = 0;
  const server = createServer((client) => {
    const behind = connect(Number(port), hostname);
    let brought = 0;
    for (const socket of [client, behind]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    behind.on('data', (piece) => {
      passed += piece.length;
      brought += piece.length;
      if (brought < breakAfter || broken >= times) return;
      broken++;
      client.resetAndDestroy();
      behind.destroy();
    });
    client.on('close', () => behind.destroy());
    behind.on('close', () => client.end());
    client.pipe(behind);
    behind.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const die = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(die);
  return { endpoint: `http://127.0.0.1:${address.port}`, passed: () => passed, broken: () => broken, die };
}
