import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { thisMachine } from '../../machine/command/this-machine.ts';
import { commitSeries, findCommit, parseLog } from './commit-series.ts';
import { checkOut, findPackageRepository, type PackageRepository } from './package-repository.ts';

const execute = promisify(execFile);
const runner = thisMachine({ env: process.env });
const { signal } = new AbortController();
let folder = '';

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'package-repository-')));
  await mkdir(join(folder, 'repo', 'mad'), { recursive: true });
  await git('init', '--quiet', '--initial-branch', 'main');
});
afterEach(() => rm(folder, { recursive: true }));

async function git(...words: string[]): Promise<string> {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@t'];
  return (await execute('git', [...identity, ...words], { cwd: join(folder, 'repo') })).stdout.trim();
}

async function commit(text: string): Promise<string> {
  await writeFile(join(folder, 'repo', 'mad', 'file'), text);
  await git('add', '--all');
  await git('commit', '--quiet', '--allow-empty', '--message', text);
  return git('rev-parse', 'HEAD');
}

async function found(): Promise<PackageRepository> {
  const repository = await findPackageRepository(join(folder, 'repo', 'mad'), runner, signal);
  if (!repository) throw new Error('no repository');
  return repository;
}

test('commits of a merged branch count as its merge, also from a good one on that branch', async () => {
  const base = await commit('base');
  await git('checkout', '--quiet', '-b', 'side');
  const side = await commit('side');
  const later = await commit('later');
  await git('checkout', '--quiet', 'main');
  const own = await commit('own').then(() => git('rev-parse', 'HEAD'));
  await git('merge', '--quiet', '--strategy', 'ours', '--message', 'merge', 'side');
  const merge = await git('rev-parse', 'HEAD');
  const last = await commit('last');
  const repository = await found();
  const ids = async (good: string): Promise<string[]> =>
    (await commitSeries(repository.git, { good, bad: 'main' }, 'it')).map(({ id }) => id);
  expect(await ids(base)).toEqual([base, own, merge, last]);
  expect(await ids(side)).toEqual([side, merge, last]);
  expect(await ids(later)).toEqual([later, merge, last]);
  await expect(ids('main')).rejects.toThrow('the same');
  await expect(commitSeries(repository.git, { good: last, bad: base }, 'it')).rejects.toThrow('no ancestor');
});

test('a commit is checked out beside everything: no worktree, no branch, no hook, no change', async () => {
  const first = await commit('first');
  await commit('second');
  const pwned = join(folder, 'pwned');
  await writeFile(join(folder, 'repo', '.git', 'hooks', 'post-checkout'), `#!/bin/sh\ntouch ${pwned}\n`, {
    mode: 0o755,
  });
  await writeFile(join(folder, 'repo', 'mad', 'file'), 'mine');
  const repository = await found();
  expect(repository).toMatchObject({ prefix: 'mad/', isDirty: true });
  const before = await readdir(join(folder, 'repo', '.git'));
  const out = await checkOut(first, join(folder, 'out put'), repository, runner, signal);
  expect(await readFile(join(out, 'file'), 'utf8')).toBe('first');
  expect(await readFile(join(folder, 'repo', 'mad', 'file'), 'utf8')).toBe('mine');
  expect(await readdir(join(folder, 'repo', '.git'))).toEqual(before);
  expect(await readdir(folder)).not.toContain('pwned');
  await expect(checkOut('0'.repeat(40), join(folder, 'none'), repository, runner, signal)).rejects.toThrow(
    'git checkout',
  );
});

test('what is no repository, and what is no commit, is none', async () => {
  expect(await findPackageRepository(folder, runner, signal)).toBeUndefined();
  await commit('first');
  const { git: ask } = await found();
  for (const revision of ['', '-h', '--all', 'none', 'HEAD:mad', 'a b', 'HEAD\n'])
    expect([revision, await findCommit(ask, revision)]).toEqual([revision, undefined]);
  expect(await findCommit(ask, 'HEAD')).toMatch(/^[0-9a-f]{40}$/);
});

test('a subject can move no cursor and fill no screen', () => {
  const id = 'a'.repeat(40);
  const [one] = parseLog(`${id} \u001b[31m${'x'.repeat(500)}\nnonsense\n`);
  expect(one?.label).toMatch(/^a{12} \[31mx+…$/);
  expect(one?.label.length).toBeLessThan(80);
  expect(parseLog(`${id}\n`)).toEqual([{ id, label: 'a'.repeat(12) }]);
});
