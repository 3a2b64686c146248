import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import type { BisectLog } from '../../src/record/campaign/bisect-schema.ts';
import { buildImage, containersWithLabel, removeImages } from './support/engine.ts';
import { temporaryFolder } from './support/folder.ts';
import { bareRepository, git } from './support/git-server.ts';
import { runCli, startCli } from './support/program.ts';
import { readRecords, readRows } from './support/results.ts';
import { tinyPackage } from './support/tiny-package.ts';

/** Around a level, with noise of ± 1 %. */
const noisy = (level: string): string =>
  `echo "performance: $((${level} * 1000 + RANDOM % 2000)) things/s"\n`;

const logIn = async (folder: string): Promise<BisectLog> =>
  JSON.parse(await readFile(join(folder, 'bisect.json'), 'utf8'));

const countOf = ({ candidates }: BisectLog): number => candidates.flatMap(({ samples }) => samples).length;

interface Change {
  level?: number;
  files?: Readonly<Record<string, string>>;
}

/** A package with one commit for each change; returns their ids. */
async function history(folder: string, top: string, changes: readonly Change[]): Promise<string[]> {
  await git(top, 'init', '--quiet', '--initial-branch', 'main');
  const commits: string[] = [];
  for (const [index, { level, files = {} }] of changes.entries()) {
    if (level !== undefined) await writeFile(join(folder, 'scripts/bisected/level'), String(level));
    for (const [path, content] of Object.entries(files)) await writeFile(join(folder, path), content);
    await git(top, 'add', '--all');
    await git(top, 'commit', '--quiet', '--allow-empty', '--message', `Change ${index}`);
    commits.push(await git(top, 'rev-parse', 'HEAD'));
  }
  return commits;
}

test('a slow-down planted in one of eight images is found, past one that does not run', async () => {
  const folder = await tinyPackage([{ name: 'bisected', script: noisy('$(cat /level)') }]);
  const names = Array.from({ length: 8 }, (_, index) => `madengine-bisect-images:${index}`);
  for (const [index, name] of names.entries()) {
    const level = index < 5 ? 100 : 94;
    const last = index === 3 ? 'RUN rm /level' : '';
    await buildImage(name, `FROM ${inject('servers').baseImage}\nRUN echo ${level} >/level\n${last}\n`);
  }
  // As a registry lists them: the latest first.
  await writeFile(join(folder, 'images.txt'), `# built by CI\n${names.toReversed().join('\n')}\n`);
  const ends = ['--image-list', 'images.txt', '--good', names[0] ?? '', '--bad', names[7] ?? ''];
  const ended = await runCli(['bisect', '--tags', 'bisected', ...ends], { cwd: folder });
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
  expect(ended.stdout).toContain('the first bad one is madengine-bisect-images:5');

  const log = await logIn(folder);
  expect(log.result).toMatchObject({ verdict: 'found', first_bad: names[5], last_good: names[4] });
  expect(log.steps.map(({ candidate, verdict }) => [candidate, verdict])).toEqual([
    [names[3], 'skipped'],
    [names[2], 'good'],
    [names[4], 'good'],
    [names[5], 'bad'],
  ]);
  expect(await readFile(join(folder, 'bisect.md'), 'utf8')).toMatch(
    /:4 is good: .* times likelier to be like the good side/,
  );
  const records = await readRecords(folder);
  expect(records).toHaveLength(countOf(log));
  expect(await readRows(join(folder, 'perf.csv'))).toHaveLength(countOf(log));
  expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual([]);
  const listed = JSON.parse((await runCli(['runs', '--json'], { cwd: folder })).stdout);
  expect(listed).toMatchObject([{ command: 'bisect', exit_code: 0, counts: { failed: 2 } }]);
});

test('commits of a package in a folder of its repository are built and run, and the checkout stays as it is', async () => {
  const top = await temporaryFolder();
  const folder = await tinyPackage([{ name: 'bisected', script: noisy('$(cat level)') }], top);
  const models = await readFile(join(folder, 'models.json'), 'utf8');
  const commits = await history(folder, top, [
    { level: 100 },
    { level: 101 },
    { files: { 'models.json': '[{' } },
    { files: { 'models.json': models } },
    { level: 94 },
    { level: 95 },
  ]);
  await git(top, 'checkout', '--quiet', '--detach', 'HEAD~3');
  await writeFile(join(folder, 'scripts/bisected/level'), '1');
  const before = [await git(top, 'status', '--porcelain'), await git(top, 'for-each-ref')];
  const output = ['--output', join(await temporaryFolder(), 'perf.csv')];
  const range = ['--good', 'main~5', '--bad', 'main'];
  const ended = await runCli(['bisect', '--tags', 'bisected', ...range, ...output, '--json'], {
    cwd: folder,
  });
  await removeImages(...commits.map((commit) => `ci-bisected_bisected.ubuntu:${commit.slice(0, 12)}`));
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);

  const events = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.find(({ type }) => type === 'bisect.ended')).toMatchObject({
    verdict: 'found',
    first_bad: commits[4],
    last_good: commits[3],
  });
  const judged = events.filter(({ type }) => type === 'bisect.judged');
  expect(judged.map(({ verdict }) => verdict)).toEqual(['ends', 'skipped', 'good', 'good', 'bad']);
  expect([await git(top, 'status', '--porcelain'), await git(top, 'for-each-ref')]).toEqual(before);
  expect(await readdir(join(top, '.git'))).not.toContain('worktrees');
  const root = output[1]?.replace(/\/perf\.csv$/, '') ?? '';
  const [record] = await readRecords(root);
  expect(record).toMatchObject({ package: { commit: commits[0], dirty: false } });
  const [campaign = ''] = await readdir(join(root, '.madengine', 'campaigns'));
  expect(await readdir(join(root, '.madengine', 'campaigns', campaign, 'checkouts'))).toEqual([]);
});

test('killed again and again, a bisect that is resumed measures nothing twice', async () => {
  const counts = await temporaryFolder();
  const script = `echo . >>${counts}/begun; sleep 0.1; ${noisy('$(cat level)')}echo . >>${counts}/done\n`;
  const folder = await tinyPackage([{ name: 'bisected', script }]);
  const levels = [100, 100, 100, 100, 100, 94, 94, 94];
  const commits = await history(
    folder,
    folder,
    levels.map((level) => ({ level })),
  );
  const output = ['--output', join(await temporaryFolder(), 'perf.csv')];
  let words = ['bisect', '--tags', 'bisected', '--good', 'HEAD~7', '--engine', 'host', ...output];
  let kills = 0;
  for (const wanted of [3, 9, 12]) {
    const program = startCli(words, { cwd: folder });
    await expect
      .poll(async () => (await readFile(join(counts, 'begun'), 'utf8').catch(() => '')).length / 2, {
        timeout: 60_000,
      })
      .toBeGreaterThanOrEqual(wanted);
    program.kill('SIGKILL', 'group');
    await program.ended;
    kills++;
    words = ['bisect', '--resume', ...output];
  }
  await writeFile(join(folder, 'scripts/bisected/level'), '100');
  await git(folder, 'commit', '--quiet', '--all', '--message', 'Later');
  const ended = await runCli(words, { cwd: folder });
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
  const root = output[1]?.replace(/\/perf\.csv$/, '') ?? '';
  const log = await logIn(root);
  expect(log.result).toMatchObject({ verdict: 'found', first_bad: commits[5] });
  const linesOf = async (name: string): Promise<number> =>
    (await readFile(join(counts, name), 'utf8')).length / 2;
  expect(await linesOf('begun')).toBeLessThanOrEqual(countOf(log) + kills);
  expect(await linesOf('done')).toBeGreaterThanOrEqual(countOf(log));
  const campaigns = join(root, '.madengine', 'campaigns');
  const [campaign = '', ...others] = await readdir(campaigns);
  expect(others).toEqual([]);
  expect(await readdir(join(campaigns, campaign, 'checkouts'))).toEqual([]);
  expect(await readdir(join(root, '.madengine', 'open'))).toEqual([]);

  // What is over is judged again, and needs nothing more.
  const again = await runCli(['bisect', '--resume', ...output], { cwd: folder });
  expect(again.exitCode, again.stderr).toBe(0);
  expect(countOf(await logIn(root))).toBe(countOf(log));
  const asRun = await runCli(['run', '--resume', campaign, ...output], { cwd: folder });
  expect([asRun.exitCode, asRun.stderr]).toEqual([4, expect.stringContaining('bisect --resume')]);
});

test("commits of the model's repository are looked through in one image; Ctrl-C stops, --resume goes on", async () => {
  const scratch = await temporaryFolder();
  const bare = join(scratch, 'model.git');
  const commits = [await bareRepository(bare, { level: '100' })];
  for (const level of ['100 ', '94', '94 ']) {
    await writeFile(join(`${bare}.work`, 'level'), level);
    await git(`${bare}.work`, 'commit', '--quiet', '--all', '--message', `level ${level}`);
    commits.push(await git(`${bare}.work`, 'rev-parse', 'HEAD'));
  }
  await git(`${bare}.work`, 'push', '--quiet', bare, 'main');
  const folder = await tinyPackage([
    { name: 'bisected', script: noisy('$(cat level)'), card: { url: `file://${bare}` } },
  ]);
  const first = commits[0]?.slice(0, 10) ?? '';
  const program = startCli(['bisect', '--tags', 'bisected', '--good', first, '--engine', 'host'], {
    cwd: folder,
  });
  await expect.poll(() => program.stdout(), { timeout: 60_000 }).toContain('Sample 2 of');
  program.kill('SIGINT');
  expect((await program.ended).exitCode).toBe(130);
  const ended = await runCli(['bisect', '--resume'], { cwd: folder });
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
  expect((await logIn(folder)).result).toMatchObject({ first_bad: commits[2], last_good: commits[1] });
  const records = await readRecords(folder);
  expect(new Set(records.map((record) => (record as { git_commit?: string }).git_commit))).toContain(
    commits[1],
  );
});

test('an end that fails, ends that are alike, and several results each say so with their exit code', async () => {
  const folder = await tinyPackage([
    { name: 'bisected', script: 'echo "performance: $(cat level) things/s"\n', card: { timeout: 60 } },
  ]);
  await history(folder, folder, [{ level: 5 }, { files: { 'scripts/bisected/run.sh': 'exit 7\n' } }]);
  const words = ['bisect', '--tags', 'bisected', '--engine', 'host', '--good', 'HEAD~1'];
  const failing = await runCli(words, { cwd: folder });
  expect([failing.exitCode, failing.stdout]).toEqual([3, expect.stringContaining('exit code 7')]);
  await history(folder, folder, [
    { files: { 'scripts/bisected/run.sh': 'echo "performance: $(cat level) things/s"\n' } },
    {},
  ]);
  const alike = await runCli(words, { cwd: folder });
  expect([alike.exitCode, alike.stdout]).toEqual([1, expect.stringContaining('both ends are alike')]);
  const none = await runCli([...words, '--metric', 'others/s'], { cwd: folder });
  expect([none.exitCode, none.stderr]).toEqual([4, expect.stringContaining('things/s')]);
});

test.each([
  [[], 'no tags'],
  [['--tags', 'bisected'], '--good is missing'],
  [['--tags', 'bisected', '--good', 'nope'], '"nope": no commit, tag or branch'],
  [['--tags', 'bisected', '--good=--upload-pack=touch x'], 'no commit, tag or branch'],
  [['--tags', 'bisected', '--good', 'HEAD', '--bad', 'HEAD~1'], 'the other way round'],
  [['--tags', 'bisected', '--good', 'HEAD'], 'the same'],
  [['--tags', 'bisected', '--over', 'model', '--good', 'HEAD~1'], 'has no url'],
  [['--tags', 'all_of_them', '--image-list', 'a:1', 'a:2', 'a:1'], 'names a:1 twice'],
  [['--tags', 'bisected', '--image-list', 'a:1'], 'one image, or a file'],
  [['--tags', 'bisected', '--image-list', 'a:1', 'A B'], '--image-list'],
  [['--tags', 'bisected', '--image-list', 'a:1', 'a:2', '--good', 'a:3'], 'none of the images'],
  [['--tags', 'bisected', '--image-list', 'a:1', 'a:2', '--engine', 'host'], 'runs no images'],
  [['--resume'], 'no campaign'],
])('wrong arguments end with exit code 4: %j', async (words, message) => {
  const folder = await tinyPackage([{ name: 'bisected', script: noisy('1') }]);
  await history(folder, folder, [{ level: 1 }, { level: 2 }]);
  const ended = await runCli(['bisect', ...words], { cwd: folder });
  expect([ended.exitCode, ended.stderr]).toEqual([4, expect.stringContaining(message)]);
});
