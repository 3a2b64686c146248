import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from './support/program.ts';
import { readRecords, readRows } from './support/results.ts';
import { goodScript, type TinyModel, tinyPackage } from './support/tiny-package.ts';

const readJson = async (...path: string[]) => JSON.parse(await readFile(join(...path), 'utf8'));

/** A model for each class of failure that a script or card alone can bring about, and the line that shows it. */
const failing: readonly (TinyModel & { class: string; evidence?: string })[] = [
  {
    name: 'unbuildable',
    class: 'build',
    script: goodScript,
    dockerfile: 'RUN echo "no such mirror" && exit 9',
  },
  { name: 'needs_gpu', class: 'device', script: goodScript, card: { n_gpus: '1' } },
  { name: 'slow', class: 'timeout', script: 'echo waiting; sleep 600\n', card: { timeout: 2 } },
  {
    name: 'broken',
    class: 'exit_code',
    script: 'echo "ValueError: no"; exit 7\n',
    evidence: 'ValueError: no',
  },
  {
    name: 'quiet_error',
    class: 'error_pattern',
    script: `echo "RuntimeError: lost a rank"\n${goodScript}`,
    evidence: 'RuntimeError: lost a rank',
  },
  { name: 'bare', class: 'missing_metric', script: 'echo "performance: 12"\n', evidence: 'performance: 12' },
  { name: 'silent', class: 'missing_metric', script: 'echo nothing\n' },
  {
    name: 'gpu_memory',
    class: 'out_of_memory',
    script: 'echo "HIP out of memory. Tried"; exit 1\n',
    evidence: 'HIP out of memory. Tried',
  },
  {
    name: 'host_memory',
    class: 'out_of_memory',
    script: `awk 'BEGIN { s = "xxxxxxxxxxxxxxxx"; while (length(s) < 400000000) s = s s }'\n`,
    card: { additional_docker_run_options: '--memory 40m --memory-swap 40m' },
  },
  {
    name: 'unsound',
    class: 'check',
    script: `echo "loss: nan"\n${goodScript}`,
    card: { checks: [{ name: 'finite loss', must_not_match: '(?i)loss: (nan|inf)' }] },
    evidence: 'loss: nan',
  },
];

test('each kind of failure has its class, and the line of output that shows it, in record and row', async () => {
  const folder = await tinyPackage(failing);
  const run = await runCli(['run', '--tags', 'all_of_them', '--jobs', '2'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  const records = await readRecords(folder);
  const found = new Map(records.map((record) => [record.model.name, record.failure]));
  expect(Object.fromEntries([...found].map(([name, failure]) => [name, failure?.class]))).toEqual(
    Object.fromEntries(failing.map((model) => [model.name, model.class])),
  );
  for (const { name, evidence } of failing) {
    if (evidence !== undefined) expect(found.get(name)?.evidence, name).toBe(evidence);
  }
  expect(found.get('host_memory')?.message).toContain('the kernel ended a process');
  expect(found.get('unbuildable')?.evidence).toContain('no such mirror');
  const rows = await readRows(join(folder, 'perf.csv'));
  expect(Object.fromEntries(rows.map((row) => [row.model, row.failure_class]))).toEqual(
    Object.fromEntries(failing.map((model) => [model.name, model.class])),
  );
});

test('a pre-script that fails is a failure of the set-up, and the model does not run', async () => {
  const folder = await tinyPackage([{ name: 'good', script: goodScript }]);
  await writeFile(join(folder, 'scripts', 'pre.sh'), 'echo "cannot prepare"; exit 5\n');
  const context = JSON.stringify({ pre_scripts: [{ path: 'scripts/pre.sh' }] });
  const args = ['run', '--tags', 'good', '--retries', '0', '--additional-context', context];
  const run = await runCli(args, { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  expect(await readRecords(folder)).toMatchObject([
    {
      metrics: [],
      failure: { class: 'setup', stage: 'pre_script', message: expect.stringContaining('exit code 5') },
    },
  ]);
});

const table = 'model,performance,metric,p99_ms,test_duration\nsmall,10,req/s,5,1.25\nlarge,4,req/s,21,\n';

test("a card's metrics and checks stand in the record; the result file is found where MAD_OUTPUT_CSV points", async () => {
  const folder = await tinyPackage([
    {
      name: 'serving',
      script: `mkdir -p ../out; printf '${table.replaceAll('\n', '\\n')}' > "$MAD_OUTPUT_CSV"; echo "final loss 0.125"; echo done > report.txt\n`,
      card: {
        multiple_results: 'table.csv',
        env_vars: { MAD_OUTPUT_CSV: '/myworkspace/out/table.csv' },
        metrics: [
          { name: 'req/s', unit: '1/s', direction: 'higher' },
          { name: 'p99', column: 'p99_ms', unit: 'ms', direction: 'lower' },
          { name: 'loss', pattern: 'final loss (\\S+)', direction: 'lower' },
        ],
        checks: [
          { name: 'came to its end', must_match: '^final loss' },
          { name: 'report', file: 'report.txt' },
          { name: 'plausible', metric: 'req/s', min: 1, max: 100 },
        ],
      },
    },
    {
      name: 'unchecked',
      script: goodScript,
      card: { args: '--steps 2 --config configs/small.json' },
    },
  ]);
  await mkdir(join(folder, 'scripts/unchecked/configs'));
  await writeFile(join(folder, 'scripts/unchecked/configs/small.json'), '{"layers": 2}');
  const run = await runCli(['run', '--tags', 'all_of_them'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(await readFile(join(folder, 'table.csv'), 'utf8')).toBe(table);
  const [serving, unchecked] = await readRecords(folder);
  expect(serving?.metrics).toMatchObject([
    { name: 'req/s', row: 'small', value: 10, unit: '1/s', direction: 'higher' },
    { name: 'p99', row: 'small', value: 5, unit: 'ms', direction: 'lower' },
    { name: 'req/s', row: 'large', value: 4 },
    { name: 'p99', row: 'large', value: 21 },
    { name: 'loss', row: null, value: 0.125 },
  ]);
  expect(serving).toMatchObject({
    checked: true,
    checks: [{ status: 'SUCCESS' }, { status: 'SUCCESS' }, { status: 'SUCCESS' }],
  });
  expect(unchecked).toMatchObject({ status: 'SUCCESS', checked: false, configs: { layers: 2 } });
  expect((await readJson(folder, 'perf_super.json')).at(-1)).toMatchObject({ configs: { layers: 2 } });
  expect(await readJson(folder, 'common_info.json')).toMatchObject({
    docker_file: 'docker/serving.ubuntu.Dockerfile',
  });
  expect(await readJson(folder, 'common_info.json')).not.toHaveProperty('performance');
  expect(run.stdout).toContain('1 result checked by nothing but');
  expect((await readRows(join(folder, 'perf.csv'))).slice(0, 3)).toMatchObject([
    { model: 'serving_small', performance: '10', p99_ms: '5', test_duration: '1.25' },
    { model: 'serving_large', performance: '4', p99_ms: '21', test_duration: expect.stringMatching(/^\d/) },
    { model: 'serving', performance: '0.125', metric: 'loss' },
  ]);
});

test('known failures stand apart and are no reason to fail; an unexpected pass is told', async () => {
  const folder = await tinyPackage([
    { name: 'good', script: goodScript },
    { name: 'cured', script: goodScript },
    { name: 'bad', script: 'exit 1\n' },
  ]);
  const known = [
    { model: 'bad', class: 'exit_code', reason: 'issue 12' },
    { model: 'cured', reason: 'issue 13' },
  ];
  await writeFile(join(folder, 'known.json'), JSON.stringify(known));
  const args = ['run', '--tags', 'all_of_them', '--known-failures', 'known.json', '--junit', 'junit.xml'];
  const run = await runCli([...args, '--summary-output', 'summary.json'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(run.stdout).toContain('2 succeeded, 0 failed, 1 known to fail, 0 skipped');
  expect(run.stderr).toContain('cured passed, though it is known to fail: issue 13');
  expect(await readRecords(folder)).toMatchObject([
    { status: 'SUCCESS' },
    { status: 'SUCCESS', known: false, known_reason: 'issue 13' },
    { status: 'FAILURE', known: true, known_reason: 'issue 12' },
  ]);
  const summary = await readJson(folder, 'summary.json');
  expect(summary).toMatchObject({
    overall_success: true,
    build_phase: { successful_builds: [{}, {}, {}], failed_builds: [] },
    run_phase: { failed_runs: [], known_failures: [{ model: 'bad' }], unexpected_passes: ['cured'] },
  });
  const good = summary.run_phase.successful_runs[0];
  expect(good).toMatchObject({ model: 'good', performance: '12.5', build_command: expect.any(String) });
  expect(await readFile(join(folder, good.log_file), 'utf8')).toContain('performance: 12.5');
  expect(await readFile(join(folder, 'junit.xml'), 'utf8')).toContain('failures="0" errors="0" skipped="1"');

  await writeFile(join(folder, 'known.json'), JSON.stringify([{ ...known[0], class: 'timeout' }]));
  const other = await runCli(args, { cwd: folder });
  expect(other.exitCode).toBe(3);
});

test('a file of known failures that cannot be read stops everything before it starts', async () => {
  const folder = await tinyPackage([{ name: 'good', script: goodScript }]);
  await writeFile(join(folder, 'known.json'), '[{"model": "good"}]');
  const run = await runCli(['run', '--tags', 'good', '--known-failures', 'known.json'], { cwd: folder });
  expect(run.exitCode).toBe(4);
  expect(run.stderr).toContain('[0].reason');
});

test('the files beside perf.csv hold what the last campaign added, perf_super.json what all of them did', async () => {
  const folder = await tinyPackage([
    { name: 'one', script: goodScript },
    { name: 'two', script: goodScript },
  ]);
  await runCli(['run', '--tags', 'all_of_them'], { cwd: folder });
  expect(await readJson(folder, 'perf_entry.json')).toMatchObject([{ model: 'one' }, { model: 'two' }]);
  const run = await runCli(
    ['run', '--manifest-file', 'build_manifest.json', '--tags', 'two', '--summary-output', 's.json'],
    {
      cwd: folder,
    },
  );
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  const rows = await readRows(join(folder, 'perf.csv'));
  expect(await readJson(folder, 'perf_entry.json')).toEqual(rows[2]);
  expect(await readRows(join(folder, 'perf_entry.csv'))).toEqual([rows[2]]);
  expect(
    (await readJson(folder, 'perf_super.json')).map((entry: { run_id: string }) => entry.run_id),
  ).toEqual(rows.map((row) => row.run_id));
  expect(await readRows(join(folder, 'perf_super.csv'))).toHaveLength(3);
  expect(await readJson(folder, 'perf_entry_super.json')).toMatchObject({
    run_id: rows[2]?.run_id,
    multi_results: null,
  });
  expect(await readRows(join(folder, 'perf_entry_super.csv'))).toHaveLength(1);
  expect(await readJson(folder, 'results_summary.json')).toMatchObject({
    campaign_id: rows[2]?.campaign_id,
    total_runs: 1,
    per_node: [{ runs: 1, failed: 0 }],
  });
  expect(await readJson(folder, 's.json')).toMatchObject({
    successful_runs: [{ model: 'two' }],
    overall_success: true,
  });
});

test('a perf_super.json that holds something else is told and left alone, and the run is good all the same', async () => {
  const folder = await tinyPackage([{ name: 'one', script: goodScript }]);
  await writeFile(join(folder, 'perf_super.json'), '{}');
  const run = await runCli(['run', '--tags', 'one'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(run.stderr).toContain('perf_super.json holds no list of results');
  expect(await readFile(join(folder, 'perf_super.json'), 'utf8')).toBe('{}');
  expect(await readJson(folder, 'perf_entry.json')).toMatchObject({ model: 'one' });
});
