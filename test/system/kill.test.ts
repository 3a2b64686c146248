import { spawn } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { containersWithLabel } from './support/engine.ts';
import { runCli, type StartedProgram, startCli } from './support/program.ts';
import { campaignFolders, readRecords, readRows } from './support/results.ts';
import { goodScript, tinyPackage } from './support/tiny-package.ts';

const points = 20;

/** Always the same points, spread over the whole of a run. */
function* killDelaysMs(wholeMs: number): Generator<number> {
  let state = 20_26;
  for (let i = 0; i < points; i++) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    yield Math.round(((i + state / 2 ** 31) / points) * wholeMs);
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test(`kill -9 at ${points} points of build and run: the next start leaves no container, lock, secret or half row`, async () => {
  const folder = await tinyPackage([
    { name: 'first', script: `sleep 0.3\n${goodScript}`, dockerfile: 'RUN sleep 0.3' },
    { name: 'second', script: `sleep 0.3\n${goodScript}` },
  ]);
  const env = { MAD_SECRETS_TOKEN: 'a-token-that-must-not-stay' };
  const full = [
    'run',
    '--tags',
    'all_of_them',
    '--registry',
    inject('servers').registry,
    '--clean-docker-cache',
  ];
  const started = performance.now();
  const whole = await runCli(full, { cwd: folder, env });
  const wholeMs = performance.now() - started;
  expect(whole.exitCode, whole.stdout + whole.stderr).toBe(0);
  await rm(join(folder, '.madengine'), { recursive: true });
  await rm(join(folder, 'perf.csv'));

  let killed = 0;
  for (const delayMs of killDelaysMs(wholeMs)) {
    const run = startCli(full, { cwd: folder, env });
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (await killed9(run)) killed++;

    const next = await runCli(['run', '--manifest-file', 'build_manifest.json', '--tags', 'second'], {
      cwd: folder,
      env,
    });
    expect(next.exitCode, `killed after ${delayMs} ms: ${next.stdout}${next.stderr}`).toBe(0);
    expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual([]);
    await expectWholeResults(folder, delayMs);
  }
  expect(killed).toBeGreaterThan(points / 2);
});

/** Whether it was still there to be killed. */
async function killed9(run: StartedProgram): Promise<boolean> {
  try {
    run.kill('SIGKILL');
  } catch {
    // It ended a moment before: a point like any other.
  }
  return (await run.ended).signal === 'SIGKILL';
}

async function expectWholeResults(folder: string, delayMs: number): Promise<void> {
  const about = `killed after ${delayMs} ms`;
  const text = await readFile(join(folder, 'perf.csv'), 'utf8');
  const rows = await readRows(join(folder, 'perf.csv'));
  expect(text.endsWith('\n'), about).toBe(true);
  const recorded = (await readRecords(folder)).map((record) => record.run).sort();
  expect(rows.map((row) => row.run_id).sort(), about).toEqual(recorded);
  for (const campaign of await campaignFolders(folder)) {
    for (const run of await readdir(join(campaign, 'runs')).catch(() => []))
      expect(recorded, about).toContain(run);
    const state = JSON.parse(await readFile(join(campaign, 'campaign.json'), 'utf8'));
    expect(state.ended_at, about).toEqual(expect.any(String));
  }
  for (const file of await filesBelow(join(folder, '.madengine'))) {
    expect(await readFile(file, 'utf8'), file).not.toContain('a-token-that-must-not-stay');
    expect(file, about).not.toMatch(/\.tmp$/);
  }
}

test('a start does not touch the container of a live neighbour', async () => {
  const folder = await tinyPackage([
    { name: 'long', script: 'echo started; sleep 4\necho "performance: 1 x/s"\n' },
    { name: 'short', script: goodScript },
  ]);
  expect((await runCli(['build', '--tags', 'all_of_them'], { cwd: folder })).exitCode).toBe(0);
  const manifest = ['run', '--manifest-file', 'build_manifest.json'];
  const long = startCli([...manifest, '--tags', 'long', '--live-output'], { cwd: folder });
  while (!long.stdout().includes('started')) await new Promise((resolve) => setTimeout(resolve, 50));
  const short = await runCli([...manifest, '--tags', 'short'], { cwd: folder });
  expect(short.exitCode, short.stdout + short.stderr).toBe(0);
  expect(await containersWithLabel(`madengine.results_root=${folder}`)).toHaveLength(1);
  const ended = await long.ended;
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
});

test('what a killed run left in another results folder is removed too, and its rows wait for that folder', async () => {
  const folder = await tinyPackage([
    { name: 'long', script: 'echo started; sleep 3000\n' },
    { name: 'short', script: goodScript },
  ]);
  expect((await runCli(['build', '--tags', 'all_of_them'], { cwd: folder })).exitCode).toBe(0);
  const manifest = ['run', '--manifest-file', 'build_manifest.json'];
  const long = startCli([...manifest, '--tags', 'long', '--live-output', '--output', 'a/perf.csv'], {
    cwd: folder,
  });
  while (!long.stdout().includes('started')) await new Promise((resolve) => setTimeout(resolve, 50));
  long.kill('SIGKILL');
  await long.ended;
  const other = await runCli([...manifest, '--tags', 'short', '--output', 'b/perf.csv'], { cwd: folder });
  expect(other.exitCode, other.stdout + other.stderr).toBe(0);
  expect(await containersWithLabel(`madengine.results_root=${join(folder, 'a')}`)).toEqual([]);
  const back = await runCli([...manifest, '--tags', 'short', '--output', 'a/perf.csv'], { cwd: folder });
  expect(back.exitCode, back.stdout + back.stderr).toBe(0);
  expect((await readRows(join(folder, 'a/perf.csv'))).map((row) => [row.model, row.status])).toEqual([
    ['long', 'FAILURE'],
    ['short', 'SUCCESS'],
  ]);
  for (const file of ['perf_super.csv', 'perf_super.json'])
    expect(await modelsIn(join(folder, 'a', file)), file).toEqual(['long', 'short']);
});

test('processes of --engine host that a killed run left are ended by the next start, whatever its engine, and nobody else', async () => {
  const seconds = String(400_000 + (process.pid % 100_000));
  const script = `setsid sh -c 'sleep ${seconds} & wait' &\necho started\nsleep ${seconds}\n`;
  const folder = await tinyPackage([
    { name: 'long', script },
    { name: 'short', script: goodScript },
  ]);
  expect((await runCli(['build', '--tags', 'all_of_them'], { cwd: folder })).exitCode).toBe(0);
  const manifest = ['run', '--manifest-file', 'build_manifest.json'];
  // Somebody else's: it looks the same, and claims a mark that is none.
  const other = spawn('sleep', [seconds], { env: { ...process.env, MADENGINE_RUN_LABELS: 'no JSON' } });
  onTestFinished(() => void other.kill('SIGKILL'));
  for (const engine of ['host', 'docker']) {
    const long = startCli([...manifest, '--tags', 'long', '--live-output', '--engine', 'host'], {
      cwd: folder,
    });
    await expect.poll(() => long.stdout(), { timeout: 30_000 }).toContain('started');
    // A live neighbour's are left alone.
    const beside = await runCli([...manifest, '--tags', 'short', '--engine', engine], { cwd: folder });
    expect(beside.exitCode, beside.stdout + beside.stderr).toBe(0);
    expect(await pidsWith(seconds)).toHaveLength(3);
    long.kill('SIGKILL');
    await long.ended;
    expect(await pidsWith(seconds)).toHaveLength(3);
    const next = await runCli([...manifest, '--tags', 'short', '--engine', engine], { cwd: folder });
    expect(next.exitCode, next.stdout + next.stderr).toBe(0);
    expect(await pidsWith(seconds)).toEqual([String(other.pid)]);
  }
});

/** Of sleeps of so many seconds. */
async function pidsWith(seconds: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map(async (pid) => [pid, await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')] as const),
  );
  return lines.filter(([, line]) => line === `sleep\0${seconds}\0`).map(([pid]) => pid);
}

async function modelsIn(file: string): Promise<unknown[]> {
  const rows = file.endsWith('.csv') ? await readRows(file) : JSON.parse(await readFile(file, 'utf8'));
  return rows.map(({ model }: { model: unknown }) => model);
}
