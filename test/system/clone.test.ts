import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './support/folder.ts';
import { addSubmodule, bareRepository, git, gitServer } from './support/git-server.ts';
import { type ProgramResult, startCli } from './support/program.ts';
import { readRecords, readRows } from './support/results.ts';
import { tinyPackage } from './support/tiny-package.ts';

const login = { username: 'somebody', password: `open+sesame/${process.pid}` };
/** Says what it was cloned with, as a model would. */
const script =
  'cat code.txt; cat lib/code.txt; git log -1 --format=%H 2>/dev/null; touch made_in_clone; echo "performance: 1 x/s"\n';

const forms = [
  login.password,
  encodeURIComponent(login.password),
  Buffer.from(login.password).toString('base64'),
];
const leaksIn = (place: string, text: string): string[] =>
  forms.flatMap((form, index) => (text.includes(form) ? [`${place}, form ${index}`] : []));

async function readTree(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')] as const)));
}

/** Runs to the end, with a look at every command line on the way. */
async function runWatched(args: string[], folder: string): Promise<ProgramResult & { lines: Set<string> }> {
  const run = startCli(args, { cwd: folder });
  const lines = new Set<string>();
  let over = false;
  const ended = run.ended.finally(() => {
    over = true;
  });
  while (!over) {
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (line.includes('git')) lines.add(line.replaceAll('\0', ' '));
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { ...(await ended), lines };
}

test('a repository behind a password is cloned with its submodule; the password stands nowhere', async () => {
  const served = await temporaryFolder();
  const address = await gitServer(served, login, { delayMs: 50 });
  await bareRepository(join(served, 'lib.git'), { 'code.txt': 'code of lib\n' });
  const work = await bareRepository(join(served, 'plain.git'), { 'code.txt': 'code of main\n' });
  expect(work).toMatch(/^[0-9a-f]{40}$/);
  // As a person would have it: the address of the submodule is the server's.
  const lib = await git(join(served, 'lib.git'), 'rev-parse', 'main');
  const commit = await addSubmodule(join(served, 'plain.git'), 'lib', `${address}/lib.git`, lib);

  const folder = await tinyPackage([
    { name: 'cloner', script, card: { url: `${address}/plain.git`, cred: 'MY_GIT' } },
  ]);
  await writeFile(join(folder, 'credential.json'), JSON.stringify({ MY_GIT: login }), { mode: 0o600 });
  const run = await runWatched(
    ['run', '--tags', 'cloner', '--keep-model-dir', '--live-output', '--verbose'],
    folder,
  );
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(run.stdout).toContain('code of main');
  expect(run.stdout).toContain('code of lib');
  expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([{ git_commit: commit, status: 'SUCCESS' }]);
  const [record] = await readRecords(folder);
  expect(record).toMatchObject({ git_commit: commit });
  const stages = record?.stages as { name: string; exit_code: number }[] | undefined;
  const ends = stages?.map(({ name, exit_code }) => [name, exit_code]);
  expect(ends).toEqual(
    expect.arrayContaining([
      ['clone', 0],
      ['run', 0],
    ]),
  );

  expect([...run.lines].some((line) => line.includes('git clone'))).toBe(true);
  const tree = await readTree(folder);
  expect([...tree.keys()].filter((file) => file.endsWith('plain.git/.git/config'))).toHaveLength(1);
  expect([...tree.keys()].filter((file) => file.endsWith('plain.git/made_in_clone'))).toHaveLength(1);
  tree.delete(join(folder, 'credential.json'));
  expect([
    ...[...run.lines].flatMap((line) => leaksIn('a command line', line)),
    ...[...tree].flatMap(([file, text]) => leaksIn(file, text)),
    ...leaksIn('what it shows', run.stdout + run.stderr),
  ]).toEqual([]);
});

test('a wrong password, a credential that is nowhere and a forbidden address fail as clone, and say so', async () => {
  const served = await temporaryFolder();
  const address = await gitServer(served, login);
  await bareRepository(join(served, 'plain.git'), { 'code.txt': 'x\n' });
  const url = `${address}/plain.git`;
  const folder = await tinyPackage([
    { name: 'wrong', script, card: { url, cred: 'WRONG' } },
    { name: 'nowhere', script, card: { url, cred: 'NOWHERE' } },
    { name: 'anonymous', script, card: { url } },
    { name: 'outside', script, card: { url: 'ext::sh' } },
  ]);
  const wrong = { username: 'somebody', password: 'wrong-password' };
  await writeFile(join(folder, 'credential.json'), JSON.stringify({ WRONG: wrong }), { mode: 0o600 });
  const run = startCli(['run', '--tags', 'all_of_them'], { cwd: folder });
  const { exitCode, stdout, stderr } = await run.ended;
  expect(exitCode, stdout + stderr).toBe(3);
  const records = await readRecords(folder);
  expect(records.map(({ failure }) => failure?.class)).toEqual(['clone', 'clone', 'clone', 'clone']);
  expect(records[0]?.failure).toMatchObject({
    stage: 'clone',
    message: expect.stringContaining('Check WRONG in credential.json'),
    evidence: expect.stringContaining('Authentication failed'),
  });
  expect(records[1]?.failure?.message).toMatch(/card nowhere .* NOWHERE/);
  expect(records[2]?.failure?.message).toContain("the card's `cred`");
  expect(records[3]?.failure?.message).toContain('no address that git may be given');
  expect(await readRows(join(folder, 'perf.csv'))).toHaveLength(4);
});

test('a repository of this machine is cloned at its tag; scripts replace links in it and go nowhere else', async () => {
  const served = await temporaryFolder();
  const bare = join(served, 'plain.git');
  const outside = join(served, 'outside.txt');
  await writeFile(outside, 'as it was');
  const first = await bareRepository(bare, { 'code.txt': 'first\n' });
  const own = `${bare}.work`;
  await git(own, 'tag', 'v1');
  await writeFile(join(own, 'code.txt'), 'second\n');
  await symlink(outside, join(own, 'run.sh'));
  await git(own, 'add', '--all');
  await git(own, 'commit', '--quiet', '--message', 'second');
  const second = await git(own, 'rev-parse', 'HEAD');
  await git(own, 'push', '--quiet', bare, 'main', 'v1');

  const printing = 'cat code.txt; echo "performance: 1 x/s"\n';
  const folder = await tinyPackage([
    { name: 'tagged', script: printing, card: { url: `file://${bare}#v1` } },
    { name: 'newest', script: printing, card: { url: `file://${bare}#main` } },
    { name: 'missing', script: printing, card: { url: `file://${bare}#v9` } },
  ]);
  const run = await startCli(['run', '--tags', 'all_of_them'], { cwd: folder }).ended;
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  const records = await readRecords(folder);
  expect(records.map(({ status, git_commit }) => [status, git_commit])).toEqual([
    ['SUCCESS', first],
    ['SUCCESS', second],
    ['FAILURE', null],
  ]);
  expect(records[2]?.failure).toMatchObject({ class: 'clone', evidence: expect.stringContaining('v9') });
  expect(await readFile(outside, 'utf8')).toBe('as it was');
});

test('Ctrl-C ends a clone that stands still, with a record', async () => {
  const served = await temporaryFolder();
  const address = await gitServer(served, login, { delayMs: 600_000 });
  await bareRepository(join(served, 'plain.git'), { 'code.txt': 'x\n' });
  const folder = await tinyPackage([
    { name: 'slow', script, card: { url: `${address}/plain.git`, cred: 'MY_GIT' } },
  ]);
  await writeFile(join(folder, 'credential.json'), JSON.stringify({ MY_GIT: login }), { mode: 0o600 });
  const run = startCli(['run', '--tags', 'slow', '--json'], { cwd: folder });
  while (!run.stdout().includes('"stage":"clone"')) await new Promise((resolve) => setTimeout(resolve, 50));
  run.kill('SIGINT');
  expect((await run.ended).exitCode).toBe(130);
  expect(await readRecords(folder)).toMatchObject([{ failure: { class: 'interrupted', stage: 'clone' } }]);
});
