import { appendFile, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, inject, onTestFinished, test } from 'vitest';
import { docker, removeImages } from './support/engine.ts';
import { temporaryFolder } from './support/folder.ts';
import { runCli, startCli } from './support/program.ts';
import { goodScript, manifestWithoutImages, tinyPackage } from './support/tiny-package.ts';

const models = [
  { name: 'quick', script: goodScript },
  {
    name: 'slow',
    script: `while [ -d "\${GO%/*}" ] && [ ! -e "$GO" ]; do sleep 0.1; done; echo "performance: 8 things/s"\n`,
  },
];
const onHost = ['run', '--manifest-file', 'build_manifest.json', '--engine', 'host'];

async function hostPackage(): Promise<string> {
  const folder = await tinyPackage(models);
  await manifestWithoutImages(folder, models);
  return folder;
}

async function campaignsIn(folder: string): Promise<string[]> {
  const { stdout } = await runCli(['runs', '--json'], { cwd: folder });
  return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
}

test('old campaigns go, the latest and the rows stay, and links out of a campaign are not followed', async () => {
  const folder = await hostPackage();
  const run = [...onHost, '--tags', 'quick'];
  for (let round = 0; round < 3; round++) expect((await runCli(run, { cwd: folder })).exitCode).toBe(0);
  const [first = '', , last] = await campaignsIn(folder);
  const precious = await temporaryFolder();
  await writeFile(join(precious, 'file'), 'text');
  await symlink(precious, join(folder, '.madengine', 'campaigns', first, 'out'));

  const bare = await runCli(['runs', 'prune'], { cwd: folder });
  expect([bare.exitCode, bare.stderr]).toEqual([4, expect.stringContaining('--keep')]);
  const dry = await runCli(['runs', 'prune', '--keep', '1', '--dry-run'], { cwd: folder });
  expect(dry.stdout).toContain('Would remove 2 campaigns');
  expect(await campaignsIn(folder)).toHaveLength(3);
  const both = await Promise.all([
    runCli(['runs', 'prune', '--keep', '1', '--json'], { cwd: folder }),
    runCli(['runs', 'prune', '--keep', '1', '--json'], { cwd: folder }),
  ]);
  expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  const removed = both.flatMap(({ stdout }) => JSON.parse(stdout).campaigns);
  expect(removed).toHaveLength(2);
  expect(await campaignsIn(folder)).toEqual([last]);
  expect(await readFile(join(precious, 'file'), 'utf8')).toBe('text');
  expect((await readFile(join(folder, 'perf.csv'), 'utf8')).trim().split('\n')).toHaveLength(4);
  expect(
    (await readdir(join(folder, '.madengine', 'campaigns'))).filter((name) => /pruned/.test(name)),
  ).toEqual([]);
  const young = await runCli(['runs', 'prune', '--older-than', '1d'], { cwd: folder });
  expect(young.stdout).toBe('Removed 0 campaigns, 0 bytes.\n');
});

test('a campaign that runs stays, one that died too, until the next start settled it', async () => {
  const folder = await hostPackage();
  const context = JSON.stringify({ docker_env_vars: { GO: join(folder, 'go') } });
  const words = [...onHost, '--tags', 'slow', '--additional-context', context];
  const live = startCli(words, { cwd: folder });
  await expect.poll(() => live.stdout(), { timeout: 30_000 }).toContain('slow');
  const [id = ''] = await campaignsIn(folder);
  const running = await runCli(['runs', 'prune', id], { cwd: folder });
  expect([running.exitCode, running.stdout]).toEqual([1, expect.stringContaining('stays: it runs')]);
  live.kill('SIGKILL', 'group');
  await live.ended;
  const died = await runCli(['runs', 'prune', '--keep', '0'], { cwd: folder });
  expect(died.stdout).toContain('stays: it died');
  expect(await campaignsIn(folder)).toEqual([id]);
  expect((await runCli([...onHost, '--tags', 'quick'], { cwd: folder })).exitCode).toBe(0);
  await runCli(['runs', 'prune', '--keep', '0'], { cwd: folder });
  expect(await campaignsIn(folder)).toEqual([]);
  expect(await readFile(join(folder, 'perf.csv'), 'utf8')).toContain('slow');
});

test('killed in the middle, a prune leaves whole campaigns, and the next one does the rest', async () => {
  const folder = await hostPackage();
  for (let round = 0; round < 4; round++) await runCli([...onHost, '--tags', 'quick'], { cwd: folder });
  for (let kills = 0; kills < 6; kills++) {
    const prune = startCli(['runs', 'prune', '--keep', '0'], { cwd: folder });
    const isOver = await Promise.race([prune.ended, delay(80 + Math.random() * 200)]);
    if (!isOver) prune.kill('SIGKILL', 'group');
    await prune.ended;
    const listed = await runCli(['runs', '--json'], { cwd: folder });
    expect([listed.exitCode, listed.stderr]).toEqual([0, '']);
  }
  expect((await runCli(['runs', 'prune', '--keep', '0'], { cwd: folder })).exitCode).toBe(0);
  expect(await campaignsIn(folder)).toEqual([]);
  expect(
    (await readdir(join(folder, '.madengine', 'campaigns'))).filter((name) => /pruned/.test(name)),
  ).toEqual([]);
  expect((await runCli([...onHost, '--tags', 'quick'], { cwd: folder })).exitCode).toBe(0);
  expect(await readdir(join(folder, '.madengine', 'open'))).toEqual([]);
});

test('images that only removed campaigns built go; a kept campaign and a container keep theirs', async () => {
  const name = 'prune-built';
  const folder = await tinyPackage([{ name, script: goodScript, dockerfile: 'LABEL round=1' }]);
  const image = `ci-${name}_${name}.ubuntu`;
  onTestFinished(() => removeImages(image));
  const run = (): Promise<{ exitCode: number | null }> => runCli(['run', '--tags', name], { cwd: folder });
  const idOf = async (): Promise<string> =>
    (await docker('image', 'inspect', '--format', '{{.Id}}', image)).trim();
  expect((await run()).exitCode).toBe(0);
  const old = await idOf();
  await appendFile(join(folder, 'docker', `${name}.ubuntu.Dockerfile`), 'LABEL round=2\n');
  expect((await run()).exitCode).toBe(0);
  const kept = await idOf();

  const holder = (await docker('create', old, 'none')).trim();
  onTestFinished(async () => void (await docker('rm', '-f', holder).catch(() => '')));
  const held = await runCli(['runs', 'prune', '--keep', '1', '--images', '--dry-run'], { cwd: folder });
  expect(held.stdout).toContain('a container uses it');
  await docker('rm', '-f', holder);
  const pruned = await runCli(['runs', 'prune', '--keep', '1', '--images', '--json'], { cwd: folder });
  expect(JSON.parse(pruned.stdout).images).toMatchObject([{ id: old, kept: null }]);
  await expect(docker('image', 'inspect', old)).rejects.toThrow();
  expect(await idOf()).toBe(kept);
  const all = await runCli(['runs', 'prune', '--keep', '0', '--images'], { cwd: folder });
  expect(all.stdout).toMatch(/Removed 1 campaign, .*, and 1 image, up to /);
  await expect(idOf()).rejects.toThrow();
});

test('an image that a campaign of another results folder is about to run stays', async () => {
  const [name, first] = ['prune-elsewhere', 'prune-elsewhere-first'];
  const wait = 'while [ ! -e ../go ]; do sleep 0.1; done\n';
  const folder = await tinyPackage([
    { name: first, script: `${wait}${goodScript}` },
    { name, script: goodScript, dockerfile: 'LABEL of=another' },
  ]);
  onTestFinished(() => removeImages(`ci-${name}_${name}.ubuntu`, `ci-${first}_${first}.ubuntu`));
  const built = await runCli(['build', '--tags', 'all_of_them'], { cwd: folder });
  expect(built.exitCode, built.stderr).toBe(0);
  const elsewhere = ['run', '--manifest-file', 'build_manifest.json', '--output', 'other/perf.csv'];
  const live = startCli(elsewhere, { cwd: folder });
  let isOver = false;
  const end = async (): Promise<void> => {
    if (!isOver) live.kill('SIGINT');
    isOver = true;
    await live.ended;
  };
  onTestFinished(end);
  const held = (): Promise<string> =>
    docker('ps', '-q', '--filter', `label=madengine.results_root=${join(folder, 'other')}`);
  await expect.poll(held, { timeout: 30_000 }).not.toBe('');
  const pruned = await runCli(['runs', 'prune', '--keep', '0', '--images', '--json'], { cwd: folder });
  expect(JSON.parse(pruned.stdout).images).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: `ci-${name}_${name}.ubuntu:latest`, kept: expect.any(String) }),
    ]),
  );
  await end();
  const after = await runCli(['runs', 'prune', '--keep', '0', '--images', '--output', 'other/perf.csv'], {
    cwd: folder,
  });
  expect(after.exitCode, after.stderr).toBe(0);
});

test('an image that a removed campaign pulled goes, and comes again from its registry', async () => {
  const name = 'prune-pulled';
  const folder = await tinyPackage([{ name, script: goodScript }]);
  const { registry } = inject('servers');
  const image = `ci-${name}_${name}.ubuntu`;
  const built = await runCli(['build', '--tags', name, '--registry', registry], { cwd: folder });
  expect(built.exitCode, built.stderr).toBe(0);
  const pushed = `${registry}/${image}:latest`;
  onTestFinished(() => removeImages(image, pushed));
  await removeImages(image, pushed);
  const run = ['run', '--manifest-file', 'build_manifest.json', '--output', 'node/perf.csv'];
  expect((await runCli(run, { cwd: folder })).exitCode).toBe(0);
  const prune = ['runs', 'prune', '--output', 'node/perf.csv', '--keep', '0', '--images', '--json'];
  const { images } = JSON.parse((await runCli(prune, { cwd: folder })).stdout);
  expect(images).toMatchObject([{ kept: null }]);
  await expect(docker('image', 'inspect', images[0].id)).rejects.toThrow();
  expect((await runCli(run, { cwd: folder })).exitCode).toBe(0);
  await runCli(prune, { cwd: folder });
  await rm(join(folder, 'node'), { recursive: true });
});
