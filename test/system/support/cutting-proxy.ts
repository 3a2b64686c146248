import { type AddressInfo, connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

export interface CuttingProxy {
  port: number;
  /** How many connections it has cut. */
  cut(): number;
}

/** Passes connections on to a port of this machine, and cuts the first ones that have brought so many bytes from there. */
export async function cuttingProxy(
  port: number,
  { cuts, bytes }: { cuts: number; bytes: number },
): Promise<CuttingProxy> {
  let done = 0;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let brought = 0;
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      brought += chunk.length;
      if (brought > bytes && done < cuts) {
        done++;
        upstream.destroy();
        client.destroy();
      } else if (!client.write(chunk)) {
        upstream.pause();
        client.once('drain', () => upstream.resume());
      }
    });
    upstream.on('end', () => client.end());
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, cut: () => done };
}
