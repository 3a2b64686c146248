import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { docker, removeImages } from './support/engine.ts';
import { runCli } from './support/program.ts';
import { shownRecords } from './support/shown-records.ts';
import { manifestWithoutImages, tinyPackage } from './support/tiny-package.ts';

test('runs are made again with the recorded context and options, all of a campaign or one alone', async () => {
  const models = ['first', 'second'].map((name) => ({
    name,
    script: 'echo "performance: $SPEED things/s"\n',
  }));
  const folder = await tinyPackage(models);
  await manifestWithoutImages(folder, models);
  const context = JSON.stringify({ docker_env_vars: { SPEED: '7' } });
  const words = ['run', '--manifest-file', 'build_manifest.json', '--engine', 'host', '--timeout', '77'];
  const summary = ['--summary-output', 'summary.json'];
  const ran = await runCli([...words, ...summary, '--additional-context', context], { cwd: folder });
  expect(ran.exitCode).toBe(0);
  const [one, two] = await shownRecords(folder);
  await writeFile(join(folder, 'summary.json'), 'mine');

  const again = await runCli(['runs', 'reproduce', one?.campaign ?? ''], { cwd: folder });
  expect(again.exitCode, again.stderr).toBe(0);
  expect(again.stdout).toMatch(/metric +things\/s +7 +7 +0 %/);
  expect(again.stderr).toContain('nobody knows whether the package is the same');
  const records = await shownRecords(folder);
  expect(records.map(({ model }) => model.name)).toEqual(['first', 'second']);
  expect(records[0]?.context).toBe(one?.context);
  expect(records[0]?.madengine?.options).toMatchObject({ timeout: 77, engine: 'host' });

  const json = await runCli(['runs', 'reproduce', two?.run ?? '', '--json'], { cwd: folder });
  const events = json.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.at(-1)).toMatchObject({
    type: 'comparison.made',
    comparison: { jobs: [{ model: 'second' }] },
  });
  expect(events.filter(({ type }) => type === 'run.ended')).toHaveLength(1);
});

test('the very image is used again though its name means another by now; the changed package is told', async () => {
  const name = 'reproduce-me';
  const script = 'cat /which; echo "performance: $(cat /which) things/s"\n';
  const dockerfile = 'RUN echo 1 > /which';
  const folder = await tinyPackage([{ name, script, dockerfile }]);
  const image = `ci-${name}_${name}.ubuntu`;
  onTestFinished(() => removeImages(image));
  expect((await runCli(['run', '--tags', name], { cwd: folder })).exitCode).toBe(0);
  const [old] = await shownRecords(folder);
  onTestFinished(() => removeImages(old?.image.id ?? ''));
  await appendFile(join(folder, 'docker', `${name}.ubuntu.Dockerfile`), 'RUN echo 2 > /which\n');
  expect((await runCli(['build', '--tags', name], { cwd: folder })).exitCode).toBe(0);
  expect((await docker('image', 'inspect', '--format', '{{.Id}}', image)).trim()).not.toBe(old?.image.id);

  const again = await runCli(['runs', 'reproduce', old?.run ?? ''], { cwd: folder });
  expect(again.exitCode, again.stderr).toBe(0);
  expect(again.stdout).toMatch(/metric +things\/s +1 +1 +0 %/);
  expect(again.stderr).toContain(`the package is another than it was: docker/${name}.ubuntu.Dockerfile`);
  expect((await shownRecords(folder))[0]?.image.id).toBe(old?.image.id);

  await removeImages(old?.image.id ?? '');
  const gone = await runCli(['runs', 'reproduce', old?.run ?? ''], { cwd: folder });
  expect(gone.exitCode).toBe(3);
  expect(gone.stderr).toContain(`build it anew from docker/${name}.ubuntu.Dockerfile`);
});

test('a campaign without runs, or of which nothing was recorded, can not be reproduced', async () => {
  const folder = await tinyPackage([{ name: 'reproduce-none', script: 'true\n' }]);
  onTestFinished(() => removeImages('ci-reproduce-none_reproduce-none.ubuntu'));
  await runCli(['build', '--tags', 'reproduce-none'], { cwd: folder });
  const [build] = JSON.parse((await runCli(['runs', '--json'], { cwd: folder })).stdout);
  const again = await runCli(['runs', 'reproduce', build.id], { cwd: folder });
  expect([again.exitCode, again.stderr]).toEqual([4, expect.stringContaining('no record of a run')]);
});
