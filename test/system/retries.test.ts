import { join } from 'node:path';
import { expect, test } from 'vitest';
import { containersWithLabel, docker } from './support/engine.ts';
import { runCli, type StartedProgram, startCli } from './support/program.ts';
import { readRecords, readRows } from './support/results.ts';
import { goodScript, tinyPackage } from './support/tiny-package.ts';

/** Sleeps long at the first attempt only: whoever runs it ends that one from outside. */
const script = `if [ "$(cat /shared/count 2>/dev/null)" = 1 ]; then ${goodScript.trim()}; else echo 1 > /shared/count; echo ready; sleep 600; fi\n`;

/** Runs it, and takes the container of the first attempt away under it; returns at the moment of the pause. */
async function losing(folder: string, ...args: string[]): Promise<StartedProgram> {
  const shared = { docker_mounts: { '/shared': join(folder, '..') } };
  const program = startCli(
    [
      ...[
        'run',
        '--tags',
        'retried_lost',
        '--json',
        '--live-output',
        '--additional-context',
        JSON.stringify(shared),
      ],
      ...args,
    ],
    { cwd: folder },
  );
  await expect.poll(() => program.stdout().includes('ready'), { timeout: 60_000 }).toBe(true);
  for (const id of await containersWithLabel(`madengine.results_root=${folder}`))
    await docker('rm', '-f', id);
  return program;
}

const paused = async (program: StartedProgram): Promise<void> => {
  await expect.poll(() => program.stdout().includes('"RUN_RETRIED"'), { timeout: 30_000 }).toBe(true);
  await expect.poll(() => program.stdout().includes('"run.ended"'), { timeout: 30_000 }).toBe(true);
};

const rowsOf = async (folder: string) =>
  (await readRows(join(folder, 'perf.csv'))).map((row) => [row.run_id, row.status, row.failure_class]);

test('a run whose container was taken away is tried again; both attempts have a record, the last one the row', async () => {
  const folder = await tinyPackage([{ name: 'retried_lost', script }]);
  const program = await losing(folder);
  const ended = await program.ended;
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
  const records = await readRecords(folder);
  expect(records).toMatchObject([
    { attempt: 1, retried: true, status: 'FAILURE', failure: { class: 'engine' } },
    { attempt: 2, status: 'SUCCESS' },
  ]);
  expect(records[1]).not.toHaveProperty('retried');
  expect(records[0]?.job).toBe(records[1]?.job);
  expect(await rowsOf(folder)).toEqual([[records[1]?.run, 'SUCCESS', '']]);
  expect(ended.stdout).toMatch(/"campaign.ended".*"succeeded":1,"failed":0/);
});

test('a signal in the pause ends it: the next attempt is recorded, with the reason of the one before', async () => {
  const folder = await tinyPackage([{ name: 'retried_lost', script }]);
  const program = await losing(folder);
  await paused(program);
  program.kill('SIGINT');
  expect((await program.ended).exitCode).toBe(130);
  const records = await readRecords(folder);
  expect(records).toMatchObject([
    { attempt: 1, retried: true },
    { attempt: 2, failure: { class: 'interrupted', message: expect.stringContaining('(engine)') } },
  ]);
  expect(await rowsOf(folder)).toEqual([[records[1]?.run, 'FAILURE', 'interrupted']]);
});

test('killed in the pause, the job still has one last record and one row', async () => {
  const folder = await tinyPackage([{ name: 'retried_lost', script }]);
  const program = await losing(folder);
  await paused(program);
  program.kill('SIGKILL');
  await program.ended;
  expect((await runCli(['build', '--tags', 'retried_lost'], { cwd: folder })).exitCode).toBe(0);
  const records = await readRecords(folder);
  expect(records.map(({ attempt, retried }) => [attempt, retried])).toEqual([
    [1, true],
    [2, undefined],
  ]);
  expect(await rowsOf(folder)).toEqual([[records[1]?.run, 'FAILURE', 'interrupted']]);
});

test('--retries 0 tries once, and what a model does itself is never tried again', async () => {
  const folder = await tinyPackage([
    { name: 'retried_lost', script },
    { name: 'retried_bad', script: 'exit 7' },
  ]);
  const program = await losing(folder, '--retries', '0');
  expect((await program.ended).exitCode).toBe(3);
  const own = await runCli(['run', '--tags', 'retried_bad', '--retries', '5'], { cwd: folder });
  expect(own.exitCode).toBe(3);
  expect((await readRecords(folder)).map(({ failure, retried }) => [failure?.class, retried])).toEqual([
    ['engine', undefined],
    ['exit_code', undefined],
  ]);
});
