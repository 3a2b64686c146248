/** Servers that go away in the middle: the container engine, and registries. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mortalRegistry } from './support/mortal-registry.ts';
import { noOwnEngine, ownEngine } from './support/own-engine.ts';
import { processesWith } from './support/processes.ts';
import { runCli, startCli } from './support/program.ts';
import { readRecords, readRows } from './support/results.ts';
import { goodScript, tinyPackage } from './support/tiny-package.ts';

if (noOwnEngine !== undefined) console.warn(`no engine is killed: ${noOwnEngine}`);

// One attempt: what another one is worth is told elsewhere.
const manifest = ['run', '--manifest-file', 'build_manifest.json', '--retries', '0'];

describe.skipIf(noOwnEngine !== undefined)('an engine that dies', () => {
  test('under a run: record and row of class engine, what is left is told, and the next start removes it', async () => {
    const folder = await tinyPackage([
      { name: 'long', script: 'echo begun; sleep 3000\n' },
      { name: 'good', script: goodScript },
    ]);
    const built = await runCli(['build', '--tags', 'all_of_them'], { cwd: folder });
    expect(built.exitCode, built.stdout + built.stderr).toBe(0);
    const engine = await ownEngine({ images: ['ci-long_long.ubuntu', 'ci-good_good.ubuntu'] });
    const program = startCli([...manifest, '--live-output'], { cwd: folder, env: engine.env });
    await expect.poll(() => program.stdout(), { timeout: 60_000 }).toContain('begun');
    await engine.kill();
    const run = await program.ended;
    expect(run.exitCode, run.stdout + run.stderr).toBe(3);
    expect(run.stderr).toMatch(/container container_ci-long\S* could not be ended/);
    const records = await readRecords(folder);
    expect(records.map(({ model, failure }) => [model.name, failure?.class])).toEqual([
      ['long', 'engine'],
      ['good', 'engine'],
    ]);
    expect(records[0]?.failure).toMatchObject({ stage: 'run' });
    expect((await readRows(join(folder, 'perf.csv'))).map((row) => row.failure_class)).toEqual([
      'engine',
      'engine',
    ]);

    const dead = await runCli([...manifest, '--tags', 'good'], { cwd: folder, env: engine.env });
    expect(dead.exitCode).toBe(1);
    expect(dead.stderr).toContain('ENGINE_UNAVAILABLE');

    await engine.start();
    const next = await runCli([...manifest, '--tags', 'good'], { cwd: folder, env: engine.env });
    expect(next.exitCode, next.stdout + next.stderr).toBe(0);
    expect(await engine.docker('ps', '--all', '--quiet')).toBe('');
    expect(await processesWith('3000')).toEqual([]);
    expect((await readRows(join(folder, 'perf.csv'))).map((row) => row.status)).toEqual([
      'FAILURE',
      'FAILURE',
      'SUCCESS',
    ]);
  });
});

/** Some megabytes that no registry has yet. */
const large = { dockerfile: 'RUN head -c 8000000 /dev/urandom > /random' };

test('a registry that dies under a push: class push, exit code 2, and the image stays in the manifest', async () => {
  const registry = await mortalRegistry();
  const folder = await tinyPackage([{ name: 'pushed', script: goodScript, ...large }]);
  registry.dieAfter(2_000_000);
  const args = [
    'build',
    '--tags',
    'pushed',
    '--registry',
    registry.address,
    '--clean-docker-cache',
    '--json',
  ];
  const build = await runCli(args, { cwd: folder });
  expect(registry.isDead()).toBe(true);
  expect(build.exitCode, build.stdout + build.stderr).toBe(2);
  const events = build.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.find(({ type }) => type === 'push.ended')).toMatchObject({
    failure: { class: 'push', stage: 'push' },
  });
  expect(events.filter(({ code }) => code === 'PUSH_RETRIED')).toHaveLength(2);
  const manifest = JSON.parse(await readFile(join(folder, 'build_manifest.json'), 'utf8'));
  expect(manifest.push_failures).toMatchObject([{ image: 'ci-pushed_pushed.ubuntu' }]);
  const run = await runCli(['run', '--manifest-file', 'build_manifest.json'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
});

test.skipIf(noOwnEngine !== undefined)(
  'a registry that dies under a pull: a record and a row of class pull, and the models behind it run',
  async () => {
    const registry = await mortalRegistry();
    const folder = await tinyPackage([
      { name: 'pulled', script: goodScript, ...large },
      { name: 'here', script: goodScript },
    ]);
    const args = ['--tags', 'all_of_them', '--registry', registry.address, '--clean-docker-cache'];
    const build = await runCli(['build', ...args], { cwd: folder });
    expect(build.exitCode, build.stdout + build.stderr).toBe(0);
    // The shared engine keeps layers in the cache of its builds.
    const engine = await ownEngine({ images: ['ci-here_here.ubuntu'] });
    registry.dieAfter(2_000_000);
    const run = await runCli(manifest, { cwd: folder, env: engine.env });
    expect(registry.isDead()).toBe(true);
    expect(run.exitCode, run.stdout + run.stderr).toBe(3);
    expect(await readRecords(folder)).toMatchObject([
      {
        failure: { class: 'pull', stage: 'pull' },
        durations: { pull_s: expect.any(Number), stages_s: null },
      },
      { status: 'SUCCESS' },
    ]);
    expect((await readRows(join(folder, 'perf.csv'))).map((row) => row.failure_class)).toEqual(['pull', '']);
  },
);
