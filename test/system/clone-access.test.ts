/** Private repositories over HTTPS and SSH, and addresses that mean harm. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { selfSigned } from './support/certificate.ts';
import { temporaryFolder } from './support/folder.ts';
import { addSubmodule, bareRepository, gitServer, proxyTo, redirectingServer } from './support/git-server.ts';
import { runCli } from './support/program.ts';
import { readRecords } from './support/results.ts';
import { keysInto, servedFolder, sshServer } from './support/ssh-server.ts';
import { goodScript, tinyPackage } from './support/tiny-package.ts';

const execute = promisify(execFile);
const token = `tok&en+of/github=${process.pid}`;
const login = { username: 'somebody', password: token };
const seesKey = `echo "key: $(cat /madpackage/keys/id 2>/dev/null | wc -c)"`;
const script = `cat code.txt; cat lib/code.txt; ${seesKey}\n${goodScript}`;

/** `main.git` with a submodule `lib.git` beside it, named by a relative address as most projects do. */
async function repositories(folder: string): Promise<string> {
  const lib = await bareRepository(join(folder, 'lib.git'), { 'code.txt': 'code of lib\n' });
  await bareRepository(join(folder, 'main.git'), { 'code.txt': 'code of main\n' });
  return addSubmodule(join(folder, 'main.git'), 'lib', '../lib.git', lib);
}

const credentials = (folder: string, content: unknown): Promise<void> =>
  writeFile(join(folder, 'credential.json'), JSON.stringify(content), { mode: 0o600 });

/** Every file below whose text has this in it; `.git/config` and those of submodules among them. */
async function filesWith(folder: string, text: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found = await Promise.all(
    files.map(async (file) => ((await readFile(file, 'latin1')).includes(text) ? [file] : [])),
  );
  return found.flat();
}

test('over SSH with a key of the package, submodules included; the model does not see the key', async () => {
  const { user, port } = await sshServer();
  const served = await servedFolder();
  const commit = await repositories(served.here);
  const url = `ssh://${user}@127.0.0.1:${port}${served.there}/main.git`;
  const folder = await tinyPackage([{ name: 'cloner', script, card: { url, cred: 'MY_GIT' } }]);
  await mkdir(join(folder, 'keys'));
  await keysInto(join(folder, 'keys'));
  await credentials(folder, { MY_GIT: { ssh_key_file: 'keys/id', known_hosts_file: 'keys/known_hosts' } });
  const run = await runCli(['run', '--tags', 'cloner', '--keep-model-dir', '--live-output'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(run.stdout).toContain('code of main');
  expect(run.stdout).toContain('code of lib');
  expect(run.stdout).toMatch(/key: 0\b/);
  expect(await readRecords(folder)).toMatchObject([{ git_commit: commit, status: 'SUCCESS' }]);
  const line = (await readFile(join(folder, 'keys/id'), 'utf8')).split('\n')[2] ?? '';
  expect(line.length).toBeGreaterThan(40);
  expect(await filesWith(folder, line)).toEqual([join(folder, 'keys/id')]);
});

test('over SSH with an agent, for a card without a credential', async () => {
  const { user, port, keyFile, knownHostsFile } = await sshServer();
  const served = await servedFolder();
  await repositories(served.here);
  const url = `ssh://${user}@127.0.0.1:${port}${served.there}/main.git`;
  const folder = await tinyPackage([{ name: 'cloner', script, card: { url } }]);
  const socket = join(await temporaryFolder(), 'agent');
  const { stdout } = await execute('ssh-agent', ['-s', '-a', socket]);
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1]);
  try {
    await execute('ssh-add', [keyFile], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    const GIT_SSH_COMMAND = `ssh -F none -o IdentityFile=none -o "UserKnownHostsFile='${knownHostsFile}'"`;
    const env = { SSH_AUTH_SOCK: socket, GIT_SSH_COMMAND };
    const run = await runCli(['run', '--tags', 'cloner'], { cwd: folder, env });
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  } finally {
    process.kill(pid);
  }
});

test('what is wrong with an SSH login, a host key or a key file is told with the next step', async () => {
  const { user, port, passwordUser } = await sshServer();
  const served = await servedFolder();
  await repositories(served.here);
  const address = (as: string, name: string): string =>
    `ssh://${as}@127.0.0.1:${port}${served.there}/${name}`;
  const card = (url: string, cred: string) => ({ url, cred });
  const folder = await tinyPackage([
    { name: 'unknown_host', script, card: card(address(user, 'main.git'), 'UNKNOWN') },
    { name: 'wrong_user', script, card: card(address(passwordUser, 'main.git'), 'GOOD') },
    { name: 'missing', script, card: card(address(user, 'nothing.git'), 'GOOD') },
    { name: 'open_key', script, card: card(address(user, 'main.git'), 'OPEN') },
    { name: 'no_key', script, card: card(address(user, 'main.git'), 'NONE') },
  ]);
  await mkdir(join(folder, 'keys'));
  await keysInto(join(folder, 'keys'));
  await writeFile(join(folder, 'keys/open'), await readFile(join(folder, 'keys/id')));
  await chmod(join(folder, 'keys/open'), 0o644);
  await writeFile(join(folder, 'keys/nobody'), '');
  const known_hosts_file = 'keys/known_hosts';
  await credentials(folder, {
    GOOD: { ssh_key_file: 'keys/id', known_hosts_file },
    UNKNOWN: { ssh_key_file: 'keys/id', known_hosts_file: 'keys/nobody' },
    OPEN: { ssh_key_file: 'keys/open', known_hosts_file },
    NONE: { ssh_key_file: 'keys/none', known_hosts_file },
  });
  const run = await runCli(['run', '--tags', 'all_of_them'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  const records = await readRecords(folder);
  expect(records.map(({ failure }) => failure?.class)).toEqual(Array(5).fill('clone'));
  const messages = records.map(({ failure }) => failure?.message ?? '');
  expect(messages[0]).toContain(`ssh-keyscan -p ${port} 127.0.0.1 >> ${join(folder, 'keys/nobody')}`);
  expect(messages[1]).toContain('refuses the login');
  expect(messages[2]).toContain('there is no such repository');
  expect(messages[3]).toContain(`chmod 600 ${join(folder, 'keys/open')}`);
  expect(messages[4]).toContain(`ssh_key_file ${join(folder, 'keys/none')} is not there`);
});

test('the key for public ROCm repositories logs in at github.com, and at no other host', async () => {
  const served = await temporaryFolder();
  await mkdir(join(served, 'someone'));
  await repositories(join(served, 'someone'));
  const tls = await selfSigned(await temporaryFolder(), ['DNS:github.com', 'DNS:gitlab.com']);
  const seen: string[] = [];
  const server = await gitServer(served, login, { tls, onAuthorization: (value) => seen.push(value) });
  const proxy = await proxyTo(Number(new URL(server).port));
  const folder = await tinyPackage([
    { name: 'here', script, card: { url: 'https://github.com/someone/main.git' } },
    { name: 'there', script, card: { url: 'https://gitlab.com/someone/main.git' } },
  ]);
  const env = {
    https_proxy: proxy.address,
    no_proxy: '',
    GIT_SSL_CAINFO: tls.certificate,
    PUBLIC_GITHUB_ROCM_KEY: JSON.stringify({ username: login.username, token }),
  };
  const args = ['run', '--keep-model-dir', '--live-output'];
  const here = await runCli([...args, '--tags', 'here'], { cwd: folder, env });
  expect(here.exitCode, here.stdout + here.stderr).toBe(0);
  expect(here.stdout).toContain('code of lib');
  expect(seen.length).toBeGreaterThan(0);
  expect(await filesWith(folder, token)).toEqual([]);

  seen.length = 0;
  const there = await runCli([...args, '--tags', 'there'], { cwd: folder, env });
  expect(there.exitCode, there.stdout + there.stderr).toBe(3);
  expect(proxy.asked).toEqual(expect.arrayContaining(['github.com:443', 'gitlab.com:443']));
  expect(seen).toEqual([]);
});

test('over HTTPS a server is only trusted with a certificate, and told how', async () => {
  const served = await temporaryFolder();
  await repositories(served);
  const tls = await selfSigned(await temporaryFolder(), ['IP:127.0.0.1']);
  const seen: string[] = [];
  const server = await gitServer(served, login, { tls, onAuthorization: (value) => seen.push(value) });
  const card = { url: `${server}/main.git`, cred: 'MY_GIT' };
  const folder = await tinyPackage([
    { name: 'cloner', script, card },
    { name: 'missing', script, card: { ...card, url: `${server}/nothing.git` } },
  ]);
  await credentials(folder, { MY_GIT: login });
  const refused = await runCli(['run', '--tags', 'cloner'], { cwd: folder });
  expect(refused.exitCode).toBe(3);
  expect((await readRecords(folder))[0]?.failure?.message).toContain('GIT_SSL_CAINFO');
  expect(seen).toEqual([]);

  await rm(join(folder, '.madengine'), { recursive: true });
  const env = { GIT_SSL_CAINFO: tls.certificate };
  const run = await runCli(['run', '--tags', 'all_of_them'], { cwd: folder, env });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  const [good, missing] = await readRecords(folder);
  expect(good?.status).toBe('SUCCESS');
  expect(missing?.failure?.message).toContain('MY_GIT may not see it');
});

test('a redirect to another host does not get the password', async () => {
  const served = await temporaryFolder();
  await repositories(served);
  const seen: string[] = [];
  const server = await gitServer(served, login, { onAuthorization: (value) => seen.push(value) });
  const elsewhere = await redirectingServer(server);
  const folder = await tinyPackage([
    { name: 'led_away', script, card: { url: `${elsewhere}/main.git`, cred: 'MY_GIT' } },
  ]);
  await credentials(folder, { MY_GIT: login });
  const run = await runCli(['run', '--tags', 'led_away'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  expect(seen).toEqual([]);
});

test('a submodule reaches neither a command nor a file of this machine', async () => {
  const served = await temporaryFolder();
  const secret = await bareRepository(join(await temporaryFolder(), 'private.git'), {
    'code.txt': 'private\n',
  });
  const evil: Record<string, string> = {
    command: `ext::sh -c touch% ${join(served, 'executed')}`,
    file: `file://${join(served, 'private.git')}`,
    path: join(served, 'private.git'),
    option: '--upload-pack=touch executed',
  };
  await bareRepository(join(served, 'private.git'), { 'code.txt': 'private\n' });
  for (const [name, url] of Object.entries(evil)) {
    await bareRepository(join(served, `${name}.git`), { 'code.txt': 'x\n' });
    await addSubmodule(join(served, `${name}.git`), 'lib', url, secret);
  }
  const server = await gitServer(served, login);
  const folder = await tinyPackage(
    Object.keys(evil).map((name) => ({
      name,
      script,
      card: { url: `${server}/${name}.git`, cred: 'MY_GIT' },
    })),
  );
  await credentials(folder, { MY_GIT: login });
  const run = await runCli(['run', '--tags', 'all_of_them', '--keep-model-dir'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  const records = await readRecords(folder);
  expect(records.map(({ failure }) => failure?.class)).toEqual(Array(4).fill('clone'));
  expect(await readdir(served)).not.toContain('executed');
  expect(await filesWith(join(folder, '.madengine'), 'private\n')).toEqual([]);
});

/** The host's git with all that it loads, as a Dockerfile's context: no public image has it here. */
async function gitTree(root: string): Promise<void> {
  const { stdout: path } = await execute('which', ['git']);
  const program = path.trim();
  const { stdout } = await execute('ldd', [program]);
  const libraries = [...stdout.matchAll(/(\/\S+)/g)].map(([, file]) => file ?? '');
  for (const file of [program, ...libraries]) {
    const target = join(root, file);
    await mkdir(join(target, '..'), { recursive: true });
    await execute('cp', ['--dereference', file, target]);
  }
}

test("a model's own git trusts what another user's git cloned for it", async () => {
  const served = await temporaryFolder();
  const bare = join(served, 'main.git');
  const commit = await bareRepository(bare, { 'code.txt': 'x\n' });
  const asks = `id -u; stat -c 'owner %u' .git; echo "commit $(git rev-parse HEAD)"; git status --short\n${goodScript}`;
  const folder = await tinyPackage([
    {
      name: 'asks',
      script: asks,
      dockerfile: 'COPY git/ /',
      card: { url: `file://${bare}`, dockercontext: 'docker' },
    },
  ]);
  await gitTree(join(folder, 'docker/git'));
  // The clone belongs to whoever started the run; in the container it is root's own there only where that is root.
  const shifted = 'chown -R 1500:1500 . 2>/dev/null\n';
  await writeFile(join(folder, 'scripts/asks/run.sh'), shifted + asks);
  const run = await runCli(['run', '--tags', 'asks', '--live-output'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(run.stdout).toContain('owner 1500');
  expect(run.stdout).toContain(`commit ${commit}`);
  expect(run.stdout + run.stderr).not.toContain('dubious ownership');

  // It is our setting that makes the difference.
  const without = ['--additional-context', '{"docker_env_vars": {"GIT_CONFIG_COUNT": "0"}}'];
  const refused = await runCli(['run', '--tags', 'asks', '--live-output', ...without], { cwd: folder });
  expect(refused.stdout + refused.stderr).toContain('dubious ownership');
});
