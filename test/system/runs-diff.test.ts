import { expect, test } from 'vitest';
import { runCli } from './support/program.ts';
import { manifestWithoutImages, tinyPackage } from './support/tiny-package.ts';

const models = [
  { name: 'first', script: `echo "performance: $SPEED samples/s"\n` },
  { name: 'second', script: 'echo "performance: 3 samples/s"\n' },
];

test('two campaigns are compared job by job, two runs alone, as a table and as JSON', async () => {
  const folder = await tinyPackage(models);
  await manifestWithoutImages(folder, models);
  const run = (speed: number): Promise<{ exitCode: number | null }> => {
    const context = JSON.stringify({ docker_env_vars: { SPEED: String(speed) } });
    const words = ['run', '--manifest-file', 'build_manifest.json', '--engine', 'host'];
    return runCli([...words, '--additional-context', context], { cwd: folder });
  };
  expect((await run(100)).exitCode).toBe(0);
  expect((await run(150)).exitCode).toBe(0);
  const list = JSON.parse((await runCli(['runs', '--json'], { cwd: folder })).stdout) as { id: string }[];
  const [a = '', b = ''] = list.map(({ id }) => id);

  const table = await runCli(['runs', 'diff', a, b], { cwd: folder });
  expect([table.exitCode, table.stderr]).toEqual([0, '']);
  expect(table.stdout).toMatch(/metric +samples\/s +100 +150 +\+50 %/);
  expect(table.stdout).toMatch(/context\.docker_env_vars\.SPEED +100 +150/);

  const json = JSON.parse((await runCli(['runs', 'diff', a, b, '--json'], { cwd: folder })).stdout);
  expect(json.jobs.map((job: { model: string }) => job.model)).toEqual(['first', 'second']);
  const [first] = json.jobs;
  const runs = await runCli(['runs', 'diff', first.a, first.b, '--json'], { cwd: folder });
  expect(JSON.parse(runs.stdout).jobs[0].metrics[0].change_percent).toBe(50);
  const mixed = await runCli(['runs', 'diff', first.a, b, '--json'], { cwd: folder });
  expect(JSON.parse(mixed.stdout)).toMatchObject({ jobs: [{ model: 'first' }], only_a: [], only_b: [] });

  const same = await runCli(['runs', 'diff', a, a], { cwd: folder });
  expect(same.stdout).toContain('Nothing differs.');
  const none = await runCli(['runs', 'diff', a], { cwd: folder });
  expect([none.exitCode, none.stderr]).toEqual([4, expect.stringContaining('<b>')]);
});
