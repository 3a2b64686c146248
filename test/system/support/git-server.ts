import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const execute = promisify(execFile);

const identity = {
  GIT_AUTHOR_NAME: 't',
  GIT_AUTHOR_EMAIL: 't@t',
  GIT_COMMITTER_NAME: 't',
  GIT_COMMITTER_EMAIL: 't@t',
};

export async function git(folder: string, ...words: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', ...identity };
  return (
    await execute('git', ['-c', 'protocol.file.allow=always', ...words], { cwd: folder, env })
  ).stdout.trim();
}

/** A bare repository with these files on branch `main`, and `git http-backend` allowed; returns its commit. */
export async function bareRepository(
  bare: string,
  files: Readonly<Record<string, string>>,
  submodules: Readonly<Record<string, string>> = {},
): Promise<string> {
  const work = `${bare}.work`;
  await mkdir(work, { recursive: true });
  await git(work, 'init', '--quiet', '--initial-branch', 'main');
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(work, path)), { recursive: true });
    await writeFile(join(work, path), content);
  }
  await git(work, 'add', '--all');
  for (const [path, url] of Object.entries(submodules))
    await git(work, 'submodule', '--quiet', 'add', url, path);
  await git(work, 'commit', '--quiet', '--message', 'first');
  await git(dirname(bare), 'clone', '--quiet', '--bare', work, bare);
  return git(work, 'rev-parse', 'HEAD');
}

/** Commits a submodule at a path of a bare repository's `main`, with whatever address; returns the new commit. */
export async function addSubmodule(bare: string, path: string, url: string, commit: string): Promise<string> {
  const work = `${bare}.work`;
  await writeFile(join(work, '.gitmodules'), `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n`);
  await git(work, 'update-index', '--add', '--cacheinfo', `160000,${commit},${path}`);
  await git(work, 'add', '.gitmodules');
  await git(work, 'commit', '--quiet', '--message', `submodule ${path}`);
  await git(work, 'push', '--quiet', bare, 'main');
  return git(work, 'rev-parse', 'HEAD');
}

export interface GitLogin {
  username: string;
  password: string;
}

export interface GitServerOptions {
  /** Answers wait for so long. */
  delayMs?: number;
  /** Files in PEM format; without them it speaks HTTP. */
  tls?: { key: string; certificate: string };
  /** Told of each `Authorization` that comes. */
  onAuthorization?(value: string): void;
}

/** Serves the bare repositories of a folder to one user. Returns its address. */
export async function gitServer(
  folder: string,
  login: GitLogin,
  { delayMs = 0, tls, onAuthorization }: GitServerOptions = {},
): Promise<string> {
  const wanted = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.headers.authorization !== undefined) onAuthorization?.(request.headers.authorization);
    if (request.headers.authorization !== wanted) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const url = new URL(request.url ?? '/', 'http://localhost');
    const backend = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
        REQUEST_METHOD: request.method,
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REMOTE_USER: login.username,
      },
    });
    request.pipe(backend.stdin);
    backend.stdin.on('error', () => undefined);
    const chunks: Buffer[] = [];
    backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    backend.on('close', () => {
      const said = Buffer.concat(chunks);
      const end = said.indexOf('\r\n\r\n');
      let status = 200;
      for (const line of said.subarray(0, end).toString('latin1').split('\r\n')) {
        const [name = '', value = ''] = line.split(/:\s*/, 2);
        if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
        else if (name !== '') response.setHeader(name, value);
      }
      setTimeout(() => response.writeHead(status).end(said.subarray(end + 4)), delayMs);
    });
  };
  const server = tls
    ? createTlsServer({ key: await readFile(tls.key), cert: await readFile(tls.certificate) }, answer)
    : createServer(answer);
  return `${tls ? 'https' : 'http'}://127.0.0.1:${await listening(server)}`;
}

/** Sends every request on to the same path of another server. Returns its address. */
export async function redirectingServer(to: string): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(302, { Location: `${to}${request.url}` }).end();
  });
  return `http://127.0.0.1:${await listening(server)}`;
}

/** A proxy that connects whoever is asked for to this port of this machine. Returns its address and what was asked for. */
export async function proxyTo(port: number): Promise<{ address: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer();
  server.on('connect', (request, client) => {
    asked.push(request.url ?? '');
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [upstream, client]) {
      socket.on('error', () => undefined);
      socket.on('close', () => void [upstream.destroy(), client.destroy()]);
    }
  });
  return { address: `http://127.0.0.1:${await listening(server)}`, asked };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
