/** Reads everything that a run shows or leaves, while it runs and afterwards: no secret stands there in any form. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { docker } from './support/engine.ts';
import { temporaryFolder } from './support/folder.ts';
import { addSubmodule, bareRepository, gitServer } from './support/git-server.ts';
import { leaksBelow, leaksIn, printsAll, watch } from './support/leaks.ts';
import { runCli, startCli } from './support/program.ts';
import { registryLogin } from './support/registry.ts';
import { readRecords } from './support/results.ts';
import { keysInto, servedFolder, sshServer } from './support/ssh-server.ts';
import { tinyPackage } from './support/tiny-package.ts';

const execute = promisify(execFile);

const password = `pass/word+of the+credential=${process.pid}`;
const token = `tok&en+in/the environment=${process.pid}`;

const script = `${printsAll}
show "$AMD_GITHUB_PASSWORD"; show "$MAD_SECRETS_TOKEN"; env; env | base64; env | xxd -p
printf '%s' "$MAD_SECRETS_TOKEN" | base64 | { IFS= read -r whole; printf '%.20s' "$whole"; sleep 0.5; echo "$whole" | tail -c +21; }
printf 'model,performance,metric,note\\nrow,7,%s,%s\\nrow2,8,x,%s\\n' "$MAD_SECRETS_TOKEN" "$AMD_GITHUB_PASSWORD" "$MAD_SECRETS_TOKEN" > ../table.csv
show "$MAD_SECRETS_TOKEN" > ../left.txt
sleep 3
`;
const failingScript = `${printsAll}
echo "performance: 3 $MAD_SECRETS_TOKEN"
echo "RuntimeError: bad login $AMD_GITHUB_PASSWORD" | fold -w 40
echo "RuntimeError: cannot log in as $AMD_GITHUB_USERNAME with $AMD_GITHUB_PASSWORD" >&2
env | base64; env | xxd -p
show "$AMD_GITHUB_PASSWORD"; exit 1
`;
const dockerfile = `RUN --mount=type=secret,id=MAD_SECRETS_TOKEN echo "build has $(cat /run/secrets/MAD_SECRETS_TOKEN)" && \\
  for width in 5 20; do base64 -w $width /run/secrets/MAD_SECRETS_TOKEN; xxd -p -c $width /run/secrets/MAD_SECRETS_TOKEN; done`;

async function packageWithSecrets(): Promise<{ folder: string; secrets: Record<string, string> }> {
  const login = await registryLogin();
  const folder = await tinyPackage([
    {
      name: 'talkative',
      script,
      dockerfile,
      card: {
        cred: 'AMD_GITHUB',
        multiple_results: 'table.csv',
        checks: [{ name: 'talks', must_match: '^plain (.*)' }],
      },
    },
    { name: 'talkative_failure', script: failingScript, card: { cred: 'AMD_GITHUB' } },
  ]);
  const credentials = {
    AMD_GITHUB: { username: 'somebody', password },
    [login.registry]: { username: login.username, password: login.password },
  };
  await writeFile(join(folder, 'credential.json'), JSON.stringify(credentials), { mode: 0o600 });
  return { folder, secrets: { password, token, 'registry password': login.password } };
}

test.each(['--verbose', '--json'])(
  'with %s, no secret shows while models print it, and none is left',
  async (option) => {
    const { folder, secrets } = await packageWithSecrets();
    const elsewhere = await temporaryFolder();
    const results = join(elsewhere, 'results');
    const tmp = join(elsewhere, 'tmp');
    await Promise.all([mkdir(results), mkdir(tmp)]);
    const env = {
      MAD_SECRETS_TOKEN: token,
      TMPDIR: tmp,
      XDG_CACHE_HOME: join(elsewhere, 'cache'),
      MAD_VERBOSE_CONFIG: 'true',
    };
    const args = [
      'run',
      ...[
        '--tags',
        'all_of_them',
        '--registry',
        inject('servers').authRegistry,
        '--package',
        'file',
        '--live-output',
      ],
      ...['--output', join(results, 'perf.csv'), '--summary-output', join(results, 'summary.json')],
      ...['--junit', join(results, 'junit.xml'), option],
    ];
    const over = new AbortController();
    const watching = watch(secrets, over.signal);
    const run = await startCli(args, { cwd: folder, env }).ended.finally(() => over.abort());
    const seen = await watching;
    expect(run.exitCode, run.stdout + run.stderr).toBe(3);
    const records = await readRecords(results);
    expect(records.map(({ failure }) => failure?.class)).toEqual([undefined, 'exit_code']);
    // The line that is quoted has only the first part of the secret in it.
    expect(records[1]?.failure?.evidence).toBe('RuntimeError: bad login ******');

    expect(seen.containers).toBeGreaterThan(0);
    expect(seen.leaks).toEqual([]);
    expect(leaksIn('standard output', run.stdout, secrets)).toEqual([]);
    expect(leaksIn('standard error', run.stderr, secrets)).toEqual([]);
    // What was looked for was really there, and is masked.
    expect(run.stdout).toContain('plain ******');
    const left = await Promise.all([folder, elsewhere].map((path) => leaksBelow(path, secrets)));
    expect(left.flatMap(({ leaks }) => leaks)).toEqual([]);
    const names = left.flatMap(({ files }) => files).join('\n');
    for (const name of [
      'junit.xml',
      'summary.json',
      'record.json',
      'table.csv',
      'events.ndjson',
      'run.live.log',
      'build.live.log',
    ]) {
      expect(names, name).toContain(name);
    }
    expect(names).toContain('package.tar.gz');
    for (const image of ['ci-talkative_talkative.ubuntu', 'ci-talkative_failure_talkative_failure.ubuntu']) {
      const history = await docker('history', '--no-trunc', image);
      expect(leaksIn('image', history + (await docker('image', 'inspect', image)), secrets)).toEqual([]);
    }
  },
);

/** A model with data of a NAS that takes a password and a clone that takes a token, and one cloned with a key. */
async function packageWithAccess(): Promise<{ folder: string; secrets: Record<string, string> }> {
  const server = await sshServer();
  const { here, there } = await servedFolder();
  await mkdir(join(here, 'set'));
  await writeFile(join(here, 'set', 'data.bin'), randomBytes(8_000_000));
  const git = { username: 'somebody', token };
  const address = await gitServer(here, { username: 'somebody', password: token }, { delayMs: 50 });
  const lib = await bareRepository(join(here, 'lib.git'), { 'code.txt': 'x\n' });
  await bareRepository(join(here, 'main.git'), { 'code.txt': 'x\n' });
  await addSubmodule(join(here, 'main.git'), 'lib', '../lib.git', lib);
  const shows = `${printsAll}show "$MY_GIT_TOKEN"; env; cat .git/config; ls -l "$MAD_DATAHOME"; sleep 1\necho "performance: 1 x/s"\n`;
  const keyUrl = `ssh://${server.user}@127.0.0.1:${server.port}${there}/main.git`;
  const folder = await tinyPackage([
    { name: 'fetches', script: shows, card: { url: `${address}/main.git`, cred: 'MY_GIT', data: 'set' } },
    { name: 'keyed', script: shows, card: { url: keyUrl, cred: 'MY_KEY' } },
  ]);
  await mkdir(join(folder, 'keys'));
  await keysInto(join(folder, 'keys'));
  const nas = { HOST: '127.0.0.1', PORT: server.port, KNOWN_HOSTS_FILE: 'keys/known_hosts' };
  const nodes = ['wrong', server.passwordUser].map((USERNAME) => ({
    ...nas,
    USERNAME,
    PASSWORD: server.password,
  }));
  const MY_KEY = { ssh_key_file: 'keys/id', known_hosts_file: 'keys/known_hosts' };
  await writeFile(join(folder, 'data.json'), JSON.stringify({ set: { nas: { path: `${there}/set` } } }));
  await writeFile(
    join(folder, 'credential.json'),
    JSON.stringify({ MY_GIT: git, MY_KEY, NAS_NODES: nodes }),
    {
      mode: 0o600,
    },
  );
  const key = (await readFile(join(folder, 'keys/id'), 'utf8')).split('\n').slice(2, 4).join('\n');
  return { folder, secrets: { 'git token': token, 'NAS password': server.password, 'SSH key': key } };
}

test('what logs in at a NAS and for clones shows nowhere, and only those who need it have it', async () => {
  const { folder, secrets } = await packageWithAccess();
  const elsewhere = await temporaryFolder();
  const env = { TMPDIR: elsewhere, XDG_CACHE_HOME: join(elsewhere, 'cache'), MAD_VERBOSE_CONFIG: 'true' };
  const args = ['run', '--tags', 'all_of_them', '--keep-model-dir', '--package', 'file', '--live-output'];
  for (const option of ['--verbose', '--json']) {
    const over = new AbortController();
    const watching = watch(secrets, over.signal, { 'NAS password': /^(?:rsync|ssh|ssh-askpass|sh)$/ });
    const run = await startCli([...args, option], { cwd: folder, env }).ended.finally(() => over.abort());
    const seen = await watching;
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect([...seen.programs]).toEqual(expect.arrayContaining(['rsync', 'ssh', 'git']));
    expect(seen.containers).toBeGreaterThan(0);
    expect(seen.leaks).toEqual([]);
    expect(leaksIn('what it shows', run.stdout + run.stderr, secrets)).toEqual([]);
    // What was looked for was really there, and is masked.
    expect(run.stdout).toContain('plain ******');
  }
  const left = await Promise.all([folder, elsewhere].map((path) => leaksBelow(path, secrets)));
  expect(left.flatMap(({ leaks }) => leaks)).toEqual([]);
  const names = left.flatMap(({ files }) => files).join('\n');
  for (const name of ['main.git/.git/config', '.git/modules/lib/config', 'record.json', 'package.tar.gz'])
    expect(names, name).toContain(name);
});

test('neither a dry run nor a run by manifest shows a secret', async () => {
  const { folder, secrets } = await packageWithSecrets();
  const env = { MAD_SECRETS_TOKEN: token };
  const tags = ['--tags', 'all_of_them', '--verbose'];
  const dry = await runCli(['run', ...tags, '--dry-run', '--json'], { cwd: folder, env });
  expect(dry.exitCode, dry.stderr).toBe(0);
  const build = await runCli(['build', ...tags], { cwd: folder, env });
  const run = await runCli(['run', '--manifest-file', 'build_manifest.json', '--json'], { cwd: folder, env });
  for (const { stdout, stderr } of [dry, build, run])
    expect(leaksIn('output', stdout + stderr, secrets)).toEqual([]);
  expect((await leaksBelow(folder, secrets)).leaks).toEqual([]);
});

test('the test itself finds every form', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'printed.sh');
  await writeFile(file, `${printsAll}show "$1"\n`);
  const { stdout } = await execute('sh', [file, token]);
  await rm(folder, { recursive: true });
  const found = leaksIn('here', stdout, { token });
  expect(found.map((leak) => Number(leak.split(' ').at(-1)))).toEqual(
    expect.arrayContaining([0, 1, 3, 4, 5, 9]),
  );
  const dumped = await execute('sh', ['-c', "env | base64; env | od -An -tx1 -v | tr -d ' '"], {
    env: { A: 'x', TOKEN: token, PATH: process.env.PATH },
  });
  expect(leaksIn('here', dumped.stdout, { token }).join()).toMatch(/form [345].*form 9/);
});
