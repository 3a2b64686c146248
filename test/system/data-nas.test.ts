/** Data of a NAS: rsync over a real OpenSSH server, with logins, dead nodes, broken transfers and hostile content. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { cuttingProxy } from './support/cutting-proxy.ts';
import { temporaryFolder } from './support/folder.ts';
import { type ProgramResult, runCli, startCli } from './support/program.ts';
import { readRecords } from './support/results.ts';
import { type SshServer, servedFolder, sshServer } from './support/ssh-server.ts';
import { goodScript, tinyPackage } from './support/tiny-package.ts';

const execute = promisify(execFile);
const listing = `cd "$MAD_DATAHOME" && find . -type f -exec sha256sum {} +; find . -type l\n${goodScript}`;

const hashOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

type Node = Record<string, unknown>;

const node = ({ port, user, keyFile, knownHostsFile }: SshServer): Node => ({
  NAME: 'nas-1',
  HOST: '127.0.0.1',
  PORT: port,
  USERNAME: user,
  SSH_KEY_FILE: keyFile,
  KNOWN_HOSTS_FILE: knownHostsFile,
});

async function nasPackage(path: string, nodes: unknown, mirror?: string): Promise<string> {
  const folder = await tinyPackage([{ name: 'reads', script: listing, card: { data: 'set' } }]);
  const source = { path, ...(mirror === undefined ? {} : { mirrorlocal: mirror }) };
  await writeFile(join(folder, 'data.json'), JSON.stringify({ set: { nas: source } }));
  if (nodes !== undefined) {
    const file = join(folder, 'credential.json');
    await writeFile(file, JSON.stringify({ NAS_NODES: nodes }), { mode: 0o600 });
  }
  return folder;
}

const run = (folder: string, env: Record<string, string> = {}): Promise<ProgramResult> =>
  runCli(['run', '--tags', 'reads', '--live-output', '--retries', '0'], { cwd: folder, env });

test('files come with a password or a key, by the first node that answers; links out of them do not', async () => {
  const server = await sshServer();
  const { here, there } = await servedFolder();
  const content = randomBytes(300_000);
  await mkdir(join(here, "it's [all] *here*", 'deep er'), { recursive: true });
  const data = join(here, "it's [all] *here*");
  await writeFile(join(data, 'deep er', '$(touch x) "quoted".bin'), content);
  await writeFile(join(data, 'plain'), 'plain\n');
  await symlink('plain', join(data, 'inside'));
  await symlink('/etc/passwd', join(data, 'absolute'));
  await symlink('../../../etc/passwd', join(data, 'outside'));
  const { port, passwordUser, password, knownHostsFile: KNOWN_HOSTS_FILE } = server;
  const HOST = '127.0.0.1';
  const nodes = [
    { NAME: 'dead', HOST, PORT: 1, USERNAME: 'x', PASSWORD: 'wrong-password', KNOWN_HOSTS_FILE },
    {
      NAME: 'refusing',
      HOST,
      PORT: port,
      USERNAME: passwordUser,
      PASSWORD: 'wrong-password',
      KNOWN_HOSTS_FILE,
    },
    { name: 'good', host: HOST, port: String(port), username: passwordUser, password, KNOWN_HOSTS_FILE },
  ];
  const folder = await nasPackage(`${there}/it's [all] *here*/`, nodes);
  const result = await run(folder);
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  expect(result.stdout).toContain(hashOf(content));
  expect(result.stdout).toContain('./inside');
  expect(result.stdout).not.toMatch(/\.\/(absolute|outside)/);
  const shown = result.stdout + result.stderr;
  expect(shown).toContain('dead (127.0.0.1:1) cannot be reached (connection refused)');
  expect(shown).toContain('refuses the login of');
  expect(shown).toContain('links that lead out of it: 2');
  expect(await readRecords(folder)).toMatchObject([
    { data: { provider: 'nas', items: [{ name: 'set', files: 2, bytes: 300_006 }] } },
  ]);
});

test('NAS_NODES of the environment wins; a path may name its host; one file is enough', async () => {
  const server = await sshServer();
  const { here, there } = await servedFolder();
  await writeFile(join(here, 'one file.bin'), 'one\n');
  const folder = await nasPackage(`nas-1:${there}/one file.bin`, [{ HOST: 'nowhere.invalid' }]);
  const result = await run(folder, { NAS_NODES: JSON.stringify([{ HOST: 'other.invalid' }, node(server)]) });
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  expect(result.stdout).toContain(hashOf(Buffer.from('one\n')));
  const bad = await run(folder, { NAS_NODES: '[{' });
  expect(bad.exitCode).toBe(4);
  expect(bad.stderr).toContain('NAS_NODES');
});

test('each way in which it cannot be had is a failure of class data with the next step', async () => {
  const server = await sshServer();
  const { here, there } = await servedFolder();
  await mkdir(join(here, 'empty'));
  const nobody = join(await temporaryFolder(), 'known hosts');
  await writeFile(nobody, '');
  const good = node(server);
  const cases: [string, unknown, string | RegExp][] = [
    [there, [{ ...good, KNOWN_HOSTS_FILE: nobody }], `ssh-keyscan -p ${server.port} 127.0.0.1 >> ${nobody}`],
    [`${there}/nothing`, [good], `has no ${there}/nothing`],
    [`${there}/empty`, [good], `has no file in ${there}/empty`],
    ['', [good], 'set.nas.path: expected text'],
    ['/', [good], 'is the whole machine'],
    [there, [{ ...good, HOST: '-oProxyCommand=touch executed' }], 'NAS_NODES[0].HOST begins with -'],
    [there, undefined, 'names no host'],
  ];
  for (const [path, nodes, expected] of cases) {
    const folder = await nasPackage(path, nodes);
    const result = await run(folder);
    expect(result.exitCode, result.stdout + result.stderr).toBe(3);
    const [record] = await readRecords(folder);
    expect(record?.failure?.class, String(expected)).toBe('data');
    expect(`${record?.failure?.message} ${record?.failure?.evidence}`).toMatch(
      typeof expected === 'string' ? new RegExp(expected.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : expected,
    );
    expect(await readdir(folder)).not.toContain('executed');
  }
});

test('without rsync on this machine the failure says so', async () => {
  const server = await sshServer();
  const { there } = await servedFolder();
  const folder = await nasPackage(there, [node(server)]);
  const programs = await temporaryFolder();
  for (const name of ['docker', 'node', 'git', 'sh', 'ssh', 'env', 'bash']) {
    const { stdout } = await execute('which', [name]);
    await symlink(stdout.trim(), join(programs, name));
  }
  const result = await run(folder, { PATH: programs });
  expect(result.exitCode, result.stdout + result.stderr).toBe(3);
  const [record] = await readRecords(folder);
  expect(JSON.stringify(record?.failure)).toContain('rsync is not installed');
});

/** A proxy before the server that cuts the first connections that carry much, with known hosts that fit. */
async function breakingNode(cuts: number, bytes: number): Promise<{ node: Node; cut: () => number }> {
  const server = await sshServer();
  const proxy = await cuttingProxy(server.port, { cuts, bytes });
  const known = join(await temporaryFolder(), 'known_hosts');
  const line = await readFile(server.knownHostsFile, 'utf8');
  await writeFile(known, line.replace(`:${server.port}`, `:${proxy.port}`));
  return { node: { ...node(server), PORT: proxy.port, KNOWN_HOSTS_FILE: known }, cut: proxy.cut };
}

test('a connection that dies in the middle is taken up again where it broke', async () => {
  const { here, there } = await servedFolder();
  const content = randomBytes(24_000_000);
  await writeFile(join(here, 'big.bin'), content);
  const breaking = await breakingNode(2, 6_000_000);
  const folder = await nasPackage(there, [breaking.node]);
  const result = await run(folder);
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  expect(breaking.cut()).toBe(2);
  expect(result.stdout).toContain(hashOf(content));
  expect(result.stdout).not.toContain('.madengine');
});

test('a mirror that a broken transfer left is completed by the next run, and its wrong content is not trusted', async () => {
  const server = await sshServer();
  const { here, there } = await servedFolder();
  const [first, second] = [randomBytes(9_000_000), randomBytes(12_000_000)];
  await writeFile(join(here, 'a.bin'), first);
  await writeFile(join(here, 'b.bin'), second);
  const mirror = await temporaryFolder();
  const breaking = await breakingNode(1000, 11_000_000);
  const folder = await nasPackage(there, [breaking.node], mirror);
  const broken = startCli(['run', '--tags', 'reads', '--live-output'], { cwd: folder });
  const deadline = Date.now() + 60_000;
  while (breaking.cut() === 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
  broken.kill('SIGINT');
  expect((await broken.ended).exitCode).toBe(130);
  // Right size, right time, wrong content.
  const copied = join(mirror, 'set', 'a.bin');
  const facts = await lstat(join(here, 'a.bin'));
  await writeFile(copied, Buffer.alloc(first.length));
  await utimes(copied, facts.atime, facts.mtime);

  const whole = await nasPackage(there, [node(server)], mirror);
  const result = await run(whole);
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  expect(result.stdout).toContain(hashOf(first));
  expect(result.stdout).toContain(hashOf(second));
  const [record] = await readRecords(whole);
  // Of the second file, a part at most; of the first, nothing.
  const data = record?.data as { items: { reused_bytes: number }[] } | undefined;
  expect(data?.items[0]?.reused_bytes).toBeLessThan(second.length);
  expect((await readdir(join(mirror, 'set'))).sort()).toEqual(['a.bin', 'b.bin']);

  const again = await run(await nasPackage(there, [{ HOST: 'nowhere.invalid' }], mirror));
  expect(again.exitCode, again.stdout + again.stderr).toBe(0);
  expect(again.stdout).toContain(hashOf(second));
});

test.runIf(process.getuid?.() === 0)('a full disk is told, and nothing else happens', async () => {
  const server = await sshServer();
  const { here, there } = await servedFolder();
  await writeFile(join(here, 'big.bin'), randomBytes(6_000_000));
  const mirror = await temporaryFolder();
  await execute('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mirror]);
  onTestFinished(async () => void (await execute('umount', ['--lazy', mirror])));
  const folder = await nasPackage(there, [node(server)], mirror);
  const result = await run(folder);
  expect(result.exitCode, result.stdout + result.stderr).toBe(3);
  const [record] = await readRecords(folder);
  expect(record?.failure).toMatchObject({
    class: 'disk_full',
    message: expect.stringMatching(/missing|full/),
  });
});
