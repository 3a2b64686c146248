import { execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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

/** Serves the bare repositories of a folder over HTTP, to one user; answers wait for `delayMs`. Returns its address. */
export async function gitServer(
  folder: string,
  login: { username: string; password: string },
  delayMs = 0,
): Promise<string> {
  const wanted = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const server = createServer((request, response) => {
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
      const answer = Buffer.concat(chunks);
      const end = answer.indexOf('\r\n\r\n');
      let status = 200;
      for (const line of answer.subarray(0, end).toString('latin1').split('\r\n')) {
        const [name = '', value = ''] = line.split(/:\s*/, 2);
        if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
        else if (name !== '') response.setHeader(name, value);
      }
      setTimeout(() => response.writeHead(status).end(answer.subarray(end + 4)), delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
