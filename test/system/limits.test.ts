import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { containersWithLabel } from './support/engine.ts';
import { processesWith } from './support/processes.ts';
import { runCli } from './support/program.ts';
import { readRecords, readRows } from './support/results.ts';
import { goodScript, tinyPackage } from './support/tiny-package.ts';

const manifest = ['run', '--manifest-file', 'build_manifest.json'];

async function build(folder: string): Promise<void> {
  const built = await runCli(['build', '--tags', 'all_of_them'], { cwd: folder });
  expect(built.exitCode, built.stdout + built.stderr).toBe(0);
}

test('at the deadline the running model is ended, and those behind it are recorded as not run', async () => {
  const folder = await tinyPackage([
    { name: 'first', script: goodScript },
    { name: 'long', script: 'sleep 3000\n' },
    { name: 'never', script: goodScript },
    { name: 'old', script: goodScript, card: { is_deprecated: true } },
  ]);
  await build(folder);
  const run = await runCli([...manifest, '--deadline', '6'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  const records = await readRecords(folder);
  expect(records.map(({ model, status, failure }) => [model.name, status, failure?.class])).toEqual([
    ['first', 'SUCCESS', undefined],
    ['long', 'FAILURE', 'timeout'],
    ['never', 'FAILURE', 'not_run'],
    ['old', 'SKIPPED', undefined],
  ]);
  expect(records[1]?.failure?.message).toContain('the deadline of 6 s (--deadline)');
  expect(records[2]).toMatchObject({ placement: null, failure: { stage: null } });
  expect((await readRows(join(folder, 'perf.csv'))).map((row) => row.status)).toEqual([
    'SUCCESS',
    'FAILURE',
    'FAILURE',
    'SKIPPED',
  ]);
  expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual([]);
});

test('the deadline ends a build that runs; what was not built has a record and a row of class not_run', async () => {
  const seconds = String(500_000 + (process.pid % 100_000));
  const folder = await tinyPackage([
    { name: 'first', script: goodScript },
    { name: 'slow', script: goodScript, dockerfile: `RUN sleep ${seconds}` },
    { name: 'behind', script: goodScript },
  ]);
  const args = ['run', '--tags', 'all_of_them', '--clean-docker-cache', '--deadline', '8'];
  const run = await runCli(args, { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  const records = await readRecords(folder);
  expect(records.map(({ model, failure }) => [model.name, failure?.class, failure?.stage])).toEqual([
    ['slow', 'not_run', 'build'],
    ['behind', 'not_run', 'build'],
    ['first', 'not_run', null],
  ]);
  expect(records[0]?.failure?.message).toContain('not built before the deadline of 8 s (--deadline)');
  expect((await readRows(join(folder, 'perf.csv'))).map((row) => row.failure_class)).toEqual(
    Array(3).fill('not_run'),
  );
  const manifestText = await readFile(join(folder, 'build_manifest.json'), 'utf8');
  expect(Object.keys(JSON.parse(manifestText).built_images)).toEqual(['ci-first_first.ubuntu']);
  expect(await processesWith(seconds)).toEqual([]);
});

test('--engine host runs models as processes, ends all of them at the limit, and refuses what needs a container', async () => {
  const seconds = String(300_000 + (process.pid % 100_000));
  const folder = await tinyPackage([
    { name: 'good', script: `pwd; ${goodScript}` },
    {
      name: 'tree',
      script: `setsid sh -c 'sleep ${seconds} & wait' &\nsleep ${seconds}\n`,
      card: { timeout: 2 },
    },
    { name: 'mounts', script: goodScript, card: { additional_docker_run_options: '--shm-size=1g' } },
  ]);
  await build(folder);
  const run = await runCli([...manifest, '--engine', 'host'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  expect(await processesWith(seconds)).toEqual([]);
  const records = await readRecords(folder);
  expect(records).toMatchObject([
    { status: 'SUCCESS', engine: { kind: 'host' } },
    { failure: { class: 'timeout' }, engine: { kind: 'host' } },
    {
      failure: {
        class: 'setup',
        message: expect.stringContaining('additional_docker_run_options of card mounts'),
      },
    },
  ]);
  expect(records[2]?.stages).toEqual([]);

  const context = ['--additional-context', '{"docker_cpus": "0", "docker_mounts": {"/data": "/srv"}}'];
  const asked = await runCli([...manifest, '--tags', 'good', '--engine', 'host', ...context], {
    cwd: folder,
  });
  expect(asked.exitCode).toBe(3);
  const last = (await readRecords(folder)).at(-1);
  expect(last?.failure?.message).toMatch(/docker_cpus of the context .*docker_mounts of the context/);
});
