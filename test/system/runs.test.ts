import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { runCli, startCli } from './support/program.ts';
import { manifestWithoutImages, tinyPackage } from './support/tiny-package.ts';

const models = [
  { name: 'quick', script: 'echo "performance: 7 things/s"\n' },
  {
    name: 'slow',
    // Ends with the test's folder, too.
    script: `while [ -d "\${GO%/*}" ] && [ ! -e "$GO" ]; do sleep 0.1; done; echo "performance: 8 things/s"
`,
  },
  { name: 'broken', script: 'echo oh no; exit 3\n' },
];

let folder = '';
beforeEach(async () => {
  folder = await tinyPackage(models);
  await manifestWithoutImages(folder, models);
});

const run = ['run', '--manifest-file', 'build_manifest.json', '--engine', 'host'];

const waiting = (): string[] => [
  '--additional-context',
  JSON.stringify({ docker_env_vars: { GO: join(folder, 'go') } }),
];

test('campaigns are listed and shown, as tables and as JSON, and a run by the end of its id', async () => {
  expect((await runCli([...run, '--tags', 'quick', 'broken'], { cwd: folder })).exitCode).toBe(3);
  const list = await runCli(['runs', '--json'], { cwd: folder });
  const [campaign] = JSON.parse(list.stdout);
  expect(campaign).toMatchObject({ command: 'run', progress: 'ended', exit_code: 3 });
  expect(campaign.counts).toMatchObject({ succeeded: 1, failed: 1 });

  const shown = JSON.parse((await runCli(['runs', 'show', '--json'], { cwd: folder })).stdout);
  expect(shown.records.map((record: { status: string }) => record.status)).toEqual(['SUCCESS', 'FAILURE']);
  const text = (await runCli(['runs', 'show', campaign.id.slice(-12)], { cwd: folder })).stdout;
  expect(text).toContain('exit_code');
  const one = await runCli(['runs', 'show', shown.records[0].run], { cwd: folder });
  expect(one.stdout).toMatch(/^metric +7 things\/s$/m);
  expect((await runCli(['runs'], { cwd: folder })).stdout).toMatch(/ended +1 +1 /);
});

test('a live campaign is followed from its start to its end, with its exit code', async () => {
  const live = startCli([...run, '--tags', 'slow', ...waiting()], { cwd: folder });
  await expect.poll(() => live.stdout(), { timeout: 30_000 }).toContain('slow');
  const follower = startCli(['runs', 'follow'], { cwd: folder });
  await expect.poll(() => follower.stdout(), { timeout: 30_000 }).toContain('slow');
  expect((await runCli(['runs'], { cwd: folder })).stdout).toContain('running');
  await runCli([...run, '--tags', 'quick'], { cwd: folder });
  await writeFile(join(folder, 'go'), '');
  expect((await live.ended).exitCode).toBe(0);
  const followed = await follower.ended;
  expect(followed.exitCode).toBe(0);
  expect(followed.stdout).toContain('8 things/s');
  expect(followed.stdout).not.toContain('quick');
});

test('following a campaign whose process is killed says that it died', async () => {
  const live = startCli([...run, '--tags', 'slow', ...waiting()], { cwd: folder });
  await expect.poll(() => live.stdout(), { timeout: 30_000 }).toContain('slow');
  const follower = startCli(['runs', 'follow'], { cwd: folder });
  await expect.poll(() => follower.stdout(), { timeout: 30_000 }).toContain('slow');
  live.kill('SIGKILL', 'group');
  await live.ended;
  const followed = await follower.ended;
  expect(followed.exitCode).toBe(3);
  expect(followed.stderr).toContain('died before its end');
});
