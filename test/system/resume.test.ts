import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import { expect, inject, test } from 'vitest';
import type { RunRecord } from '../../src/record/record-schema.ts';
import { containersWithLabel, docker } from './support/engine.ts';
import { runCli, startCli } from './support/program.ts';
import { shownRecords } from './support/shown-records.ts';
import { goodScript, manifestWithoutImages, type TinyModel, tinyPackage } from './support/tiny-package.ts';

const run = ['run', '--manifest-file', 'build_manifest.json', '--engine', 'host'];

async function packageOf(models: readonly TinyModel[]): Promise<string> {
  const folder = await tinyPackage(models);
  await manifestWithoutImages(folder, models);
  return folder;
}

/** Names of the models of these records, each as often as it has one. */
const namesOf = (records: readonly RunRecord[]): string[] => records.map(({ model }) => model.name).sort();

test('killed again and again, a campaign that is resumed runs every model to its end once', async () => {
  const models = Array.from({ length: 10 }, (_, index) => ({
    name: `model${index}`,
    script: `sleep 0.1; echo "performance: ${index + 1} things/s"\n`,
  }));
  let kills = 0;
  while (kills < 30) {
    const folder = await packageOf(models);
    let argv = run;
    for (;;) {
      const program = startCli(argv, { cwd: folder });
      if (kills >= 30) {
        expect((await program.ended).exitCode).toBe(0);
        break;
      }
      const over = await Promise.race([program.ended, delay(150 + Math.random() * 1200)]);
      if (over) {
        expect(over.exitCode, over.stderr).toBe(0);
        break;
      }
      program.kill('SIGKILL', 'group');
      await program.ended;
      kills++;
      const state = await readdir(join(folder, '.madengine', 'campaigns')).catch(() => []);
      // It may have died before it was a campaign.
      if (state.length > 0) argv = ['run', '--resume'];
    }
    const records = await shownRecords(folder);
    const names = models.map(({ name }) => name).sort();
    expect(namesOf(records.filter(({ status }) => status === 'SUCCESS'))).toEqual(names);
    const others = records.filter(({ status }) => status !== 'SUCCESS');
    expect(new Set(others.map(({ failure }) => failure?.class))).toEqual(
      new Set(others.length > 0 ? ['interrupted'] : []),
    );
    const rows = parse(await readFile(join(folder, 'perf.csv')), { columns: true }) as {
      run_id: string;
      status: string;
    }[];
    expect(rows.map(({ run_id }) => run_id).sort()).toEqual(records.map(({ run }) => run).sort());
    expect(await readdir(join(folder, '.madengine', 'open'))).toEqual([]);
    for (const { campaign, run } of records) {
      const left = await readdir(join(folder, '.madengine', 'campaigns', campaign, 'runs', run));
      expect(left.filter((name) => name === 'workspace' || name === 'control')).toEqual([]);
    }
  }
});

test('Ctrl-C and then --resume: what ran is not run again, what was stopped is, with the options of the first start', async () => {
  const folder = await packageOf([
    { name: 'first', script: 'echo "performance: 1 things/s"; echo again >> "$COUNT"\n' },
    { name: 'second', script: 'while [ ! -e "$GO" ]; do sleep 0.1; done; echo "performance: 2 things/s"\n' },
    { name: 'third', script: 'echo bad; exit 3\n' },
  ]);
  const context = { docker_env_vars: { COUNT: join(folder, 'count'), GO: join(folder, 'go') } };
  const summary = ['--summary-output', 'summary.json'];
  const program = startCli([...run, ...summary, '--additional-context', JSON.stringify(context)], {
    cwd: folder,
  });
  await expect.poll(() => program.stdout(), { timeout: 30_000 }).toContain('second (2 of 3)');
  program.kill('SIGINT');
  expect((await program.ended).exitCode).toBe(130);
  await writeFile(join(folder, 'go'), '');

  const resumed = await runCli(['run', '--resume'], { cwd: folder });
  expect(resumed.exitCode).toBe(3);
  expect(resumed.stdout).toContain('1 of 3 models are done already');
  expect(resumed.stdout).toMatch(/2 succeeded, 1 failed/);
  expect(await readFile(join(folder, 'count'), 'utf8')).toBe('again\n');
  const records = await shownRecords(folder);
  expect(records.map(({ model, status, attempt }) => [model.name, status, attempt])).toEqual([
    ['first', 'SUCCESS', 1],
    ['second', 'FAILURE', 1],
    ['third', 'FAILURE', 1],
    ['second', 'SUCCESS', 2],
    ['third', 'FAILURE', 2],
  ]);
  expect(records.flatMap(({ failure }) => failure?.class ?? [])).toEqual([
    'interrupted',
    'interrupted',
    'exit_code',
  ]);
  const written = JSON.parse(await readFile(join(folder, 'summary.json'), 'utf8'));
  expect(written.total_runs).toBe(3);

  // Nothing is left to do; what failed runs again only when it is asked for.
  expect((await runCli(['run', '--resume'], { cwd: folder })).exitCode).toBe(3);
  await writeFile(join(folder, 'scripts', 'third', 'run.sh'), 'echo "performance: 3 things/s"\n');
  expect((await runCli(['run', '--resume', '--rerun-failed'], { cwd: folder })).exitCode).toBe(0);
  expect(await readFile(join(folder, 'count'), 'utf8')).toBe('again\n');
});

test('a container that outlived its controller is gone on with, not run again', async () => {
  const models = [
    { name: 'before', script: 'echo "performance: 1 things/s"\n' },
    {
      name: 'long',
      script:
        'echo $$ >> ../started; echo begun; while [ ! -e ../go ]; do sleep 0.1; done; echo "performance: 8 things/s"\n',
      card: { timeout: 100 },
      // An image of its own, whose environment it notes itself.
      dockerfile: 'LABEL own=image',
    },
    { name: 'after', script: 'echo "performance: 3 things/s"\n' },
  ];
  const folder = await tinyPackage(models);
  const built = await runCli(['build', '--tags', 'all_of_them'], { cwd: folder });
  expect(built.exitCode, built.stderr).toBe(0);
  const live = startCli(['run', '--manifest-file', 'build_manifest.json', '--live-output'], { cwd: folder });
  await expect.poll(() => live.stdout(), { timeout: 60_000 }).toContain('begun');
  live.kill('SIGKILL', 'group');
  await live.ended;

  const [id] = await readdir(join(folder, '.madengine', 'campaigns'));
  const campaigns = (await readdir(join(folder, '.madengine', 'campaigns'))).sort();
  const runs = join(folder, '.madengine', 'campaigns', campaigns.at(-1) ?? id ?? '', 'runs');
  const long = (await readdir(runs)).sort().at(-1) ?? '';
  const resumed = startCli(['run', '--resume'], { cwd: folder });
  await expect.poll(() => resumed.stdout(), { timeout: 60_000 }).toContain('outlived');
  await writeFile(join(runs, long, 'workspace', 'go'), '');
  const { exitCode, stdout, stderr } = await resumed.ended;
  expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
  expect(stdout).toContain('3 succeeded, 0 failed');
  const records = await shownRecords(folder);
  expect(records.map(({ model, status, attempt }) => [model.name, status, attempt])).toEqual([
    ['before', 'SUCCESS', 1],
    ['long', 'SUCCESS', 1],
    ['after', 'SUCCESS', 1],
  ]);
  expect(records[1]?.run).toBe(long);
  expect(records.map(({ adopted }) => adopted)).toEqual([undefined, true, undefined]);
  expect(records[1]?.environment?.hash).toMatch(/^[0-9a-f]+$/);
  expect(records[1]?.metrics[0]).toMatchObject({ text: '8', name: 'things/s' });
  expect(await readdir(join(runs, long))).toEqual(expect.not.arrayContaining(['started.json', 'workspace']));
  expect(await containersWithLabel(`madengine.run=${long}`)).toEqual([]);
}, 180_000);

test('a program that ends while nobody looks gives its result, its container gone or not; one that was killed a failure', async () => {
  const models = [
    { name: 'done', script: 'echo begun; sleep 2; echo "performance: 5 things/s"\n' },
    { name: 'gone', script: 'echo begun; sleep 600\n' },
  ];
  for (const [name, metric, isRemoved] of [
    ['done', '5', false],
    ['done', '5', true],
    ['gone', undefined, true],
  ] as const) {
    const folder = await tinyPackage(models);
    expect((await runCli(['build', '--tags', 'all_of_them'], { cwd: folder })).exitCode).toBe(0);
    const argv = [
      'run',
      '--manifest-file',
      'build_manifest.json',
      '--live-output',
      '--retries',
      '0',
      '--tags',
      name,
    ];
    const live = startCli(argv, { cwd: folder });
    await expect.poll(() => live.stdout(), { timeout: 60_000 }).toContain('begun');
    const find = () => containersWithLabel(`madengine.results_root=${folder}`);
    expect(await find()).toHaveLength(1);
    live.kill('SIGKILL', 'group');
    await live.ended;
    if (name === 'done') await delay(3000);
    if (name === 'done' && isRemoved) await docker('rm', '--force', ...(await find()));
    const resumed = startCli(['run', '--resume'], { cwd: folder });
    if (name === 'gone') {
      await expect.poll(() => resumed.stdout(), { timeout: 60_000 }).toContain('outlived');
      await docker('rm', '--force', ...(await find()));
    }
    const ended = await resumed.ended;
    expect(ended.exitCode, ended.stdout).toBe(metric === undefined ? 3 : 0);
    const [record] = await shownRecords(folder);
    expect([record?.attempt, record?.metrics[0]?.text]).toEqual([1, metric]);
    if (metric === undefined) expect(record?.failure?.class).toBe('engine');
  }
}, 240_000);

test('builds that were stopped are done when it is resumed, and those that failed with --rerun-failed', async () => {
  const models = [
    { name: 'broken', script: goodScript, dockerfile: 'RUN exit 4' },
    { name: 'good', script: goodScript },
    { name: 'slow', script: goodScript, dockerfile: `RUN sleep 60 # ${Date.now()}` },
  ];
  const folder = await tinyPackage(models);
  const mend = (name: string): Promise<void> =>
    writeFile(
      join(folder, 'docker', `${name}.ubuntu.Dockerfile`),
      `# CONTEXT {'guest_os': 'UBUNTU'}\nFROM ${inject('servers').baseImage}\n`,
    );
  const program = startCli(['run', '--tags', 'all_of_them'], { cwd: folder });
  await expect.poll(() => program.stdout(), { timeout: 60_000 }).toContain('Building ci-slow');
  program.kill('SIGINT');
  expect((await program.ended).exitCode).toBe(130);
  await mend('slow');

  const resumed = await runCli(['run', '--resume'], { cwd: folder });
  expect([resumed.exitCode, resumed.stdout]).toEqual([2, expect.stringMatching(/2 succeeded, 1 failed/)]);
  await mend('broken');
  const still = await runCli(['run', '--resume'], { cwd: folder });
  expect([still.exitCode, still.stdout]).toEqual([2, expect.stringMatching(/2 succeeded, 1 failed/)]);
  const again = await runCli(['run', '--resume', '--rerun-failed'], { cwd: folder });
  expect([again.exitCode, again.stdout]).toEqual([0, expect.stringMatching(/3 succeeded, 0 failed/)]);
  const good = (await shownRecords(folder)).filter(({ status }) => status === 'SUCCESS');
  expect(namesOf(good)).toEqual(['broken', 'good', 'slow']);
  const last = (name: string): number | undefined => good.find(({ model }) => model.name === name)?.attempt;
  expect(last('broken')).toBeGreaterThan(1);
});

test('what can not be resumed is told', async () => {
  const folder = await packageOf([{ name: 'slow', script: 'sleep 20\n' }]);
  const none = await runCli(['run', '--resume'], { cwd: folder });
  expect([none.exitCode, none.stderr]).toEqual([4, expect.stringContaining('no campaign to go on with')]);
  const live = startCli(run, { cwd: folder });
  await expect.poll(() => live.stdout(), { timeout: 30_000 }).toContain('slow (1 of 1)');
  const still = await runCli(['run', '--resume'], { cwd: folder });
  expect([still.exitCode, still.stderr]).toEqual([4, expect.stringContaining('still runs')]);
  live.kill('SIGTERM');
  await live.ended;
  const both = await runCli(['run', '--resume', '--tags', 'slow'], { cwd: folder });
  expect(both.exitCode).toBe(4);
  const alone = await runCli([...run, '--rerun-failed'], { cwd: folder });
  expect([alone.exitCode, alone.stderr]).toEqual([4, expect.stringContaining('--resume')]);
});
