// Small questions of script/servers that a bare Debian has no program for (curl, ss): the answer is the exit code.
//   probe.ts socket PATH                          somebody accepts connections there
//   probe.ts registry HOST:PORT [USER FILE]       an image registry answers, with this login
//   probe.ts http URL                             a server answers there with a good status
//   probe.ts free-port FIRST FROM                 prints FIRST when it is free, else the next free port from FROM on
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // A socket that we may not use is somebody's.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EACCES'));
  });
}

async function registryAnswers(address: string, user?: string, passwordFile?: string): Promise<boolean> {
  const login = passwordFile === undefined ? undefined : `${user}:${readFileSync(passwordFile, 'utf8')}`;
  const headers = login === undefined ? undefined : { authorization: `Basic ${btoaUtf8(login)}` };
  const response = await fetch(`http://${address}/v2/`, { headers, signal: AbortSignal.timeout(5000) });
  return response.ok && response.headers.get('docker-distribution-api-version') === 'registry/2.0';
}

async function answersWell(url: string): Promise<boolean> {
  return (await fetch(url, { signal: AbortSignal.timeout(5000) })).ok;
}

const btoaUtf8 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}

async function printFreePort(first: number, from: number): Promise<boolean> {
  for (const port of [first, ...Array.from({ length: 100 }, (_, step) => from + step)]) {
    if (await isFree(port)) {
      console.log(port);
      return true;
    }
  }
  return false;
}

const [question, ...given] = process.argv.slice(2);
const [first = '', second, third] = given;
const questions: Record<string, () => Promise<boolean>> = {
  socket: () => accepts(first),
  registry: () => registryAnswers(first, second, third).catch(() => false),
  http: () => answersWell(first).catch(() => false),
  'free-port': () => printFreePort(Number(first), Number(second)),
};
process.exitCode = (await questions[question ?? '']?.()) ? 0 : 1;
