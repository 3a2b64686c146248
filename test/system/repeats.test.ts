import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { containersWithLabel } from './support/engine.ts';
import { runCli, startCli } from './support/program.ts';
import { campaignFolders, readRecords, readRows, type StoredRecord } from './support/results.ts';
import { type TinyModel, tinyPackage } from './support/tiny-package.ts';

/** Prints the next of these numbers at each execution, and finds nothing that an earlier one left. */
const counting = (name: string, ...texts: string[]): TinyModel => ({
  name,
  script: `set -- ${texts.join(' ')}
test -e left-behind && { echo "RuntimeError: not fresh"; exit 9; }; touch left-behind
n=$(cat /shared/${name} 2>/dev/null || echo 0); echo $((n + 1)) > /shared/${name}; shift $n
case "$1" in fail) exit 7 ;; wait) echo waiting; sleep 600 ;; esac
echo "performance: $1 x/s"\n`,
});
const shared = (folder: string): string[] => [
  '--additional-context',
  JSON.stringify({ docker_mounts: { '/shared': join(folder, '..') } }),
];

interface Repeated extends StoredRecord {
  samples: { status: string; warmup: boolean; metrics: { text: string }[]; output: { path: string } }[];
  statistics: Record<string, unknown>[];
  warnings: string[];
}

const textsOf = ({ samples }: Repeated): (string | undefined)[] =>
  samples.map(({ metrics }) => metrics[0]?.text);

test('each execution is complete and fresh; the row has the median, the record has all of them', async () => {
  const folder = await tinyPackage([counting('repeated_steady', '1', '10.50', '12', '9.9')]);
  const args = ['run', '--tags', 'repeated_steady', '--repeat', '3', '--warmup', '1', ...shared(folder)];
  const ended = await runCli(args, { cwd: folder });
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
  const [record] = (await readRecords(folder)) as Repeated[];
  if (!record) throw new Error('no record');
  expect(textsOf(record)).toEqual(['1', '10.50', '12', '9.9']);
  expect(record.samples.map(({ warmup }) => warmup)).toEqual([true, false, false, false]);
  expect(record.statistics).toMatchObject([
    { name: 'x/s', count: 3, median: 10.5, min: 9.9, max: 12, mean: expect.closeTo(10.8, 9) },
  ]);
  expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([
    { performance: '10.50', metric: 'x/s', status: 'SUCCESS', run_id: record.run },
  ]);
  const [campaign = ''] = await campaignFolders(folder);
  for (const { output, metrics } of record.samples) {
    const log = await readFile(join(campaign, 'runs', record.run, output.path), 'utf8');
    expect(log).toContain(`performance: ${metrics[0]?.text} x/s`);
  }
  expect(ended.stdout).toContain('Execution 2: 10.50 x/s');
  expect(ended.stdout).toMatch(/10\.50 +x\/s +3, cv \d+ %/);
});

test('auto goes on until the result is precise, and tells when the limit comes first', async () => {
  const folder = await tinyPackage([
    counting('repeated_soon', '100', '110', ...Array.from({ length: 20 }, () => '105')),
    counting('repeated_never', ...Array.from({ length: 10 }, (_, at) => String(at + 1))),
  ]);
  const auto = ['--repeat', 'auto', '--precision', '3%', '--max-repeats', '8', ...shared(folder)];
  const ended = await runCli(['run', '--tags', 'all_of_them', ...auto], { cwd: folder });
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
  const [soon, never] = (await readRecords(folder)) as Repeated[];
  // 100, 110, 105: 105 ± 12; with one, two, three and four more of 105: ± 6.5, ± 4.4, ± 3.3, ± 2.7.
  expect(soon?.samples).toHaveLength(7);
  expect(soon?.warnings).toEqual([]);
  expect(never?.samples).toHaveLength(8);
  expect(never?.warnings).toEqual([expect.stringMatching(/less precise than ± 3 % after 8 samples: ± 46 %/)]);
  expect(ended.stderr).toContain('less precise');
});

test('one that fails makes the job a failure and ends it; the good samples stay', async () => {
  const folder = await tinyPackage([counting('repeated_flaky', '5', '6', 'fail', '7')]);
  const ended = await runCli(['run', '--tags', 'repeated_flaky', '--repeat', '4', ...shared(folder)], {
    cwd: folder,
  });
  expect(ended.exitCode).toBe(3);
  const [record] = (await readRecords(folder)) as Repeated[];
  expect(record?.failure).toMatchObject({
    class: 'exit_code',
    message: expect.stringContaining('sample 3 of 4'),
  });
  expect(record?.samples.map(({ status }) => status)).toEqual(['SUCCESS', 'SUCCESS', 'FAILURE']);
  expect(record?.statistics).toMatchObject([{ count: 2, mean: 5.5 }]);
  expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([
    { status: 'FAILURE', performance: '', failure_class: 'exit_code' },
  ]);
});

test('killed between two samples, the record of the next start has those that were over', async () => {
  const folder = await tinyPackage([counting('repeated_long', '5', '6', 'wait')]);
  const args = [
    'run',
    '--tags',
    'repeated_long',
    '--repeat',
    '3',
    '--live-output',
    '--json',
    ...shared(folder),
  ];
  const program = startCli(args, { cwd: folder });
  await expect.poll(() => program.stdout().includes('waiting'), { timeout: 60_000 }).toBe(true);
  program.kill('SIGKILL');
  await program.ended;
  expect((await runCli(['build', '--tags', 'repeated_long'], { cwd: folder })).exitCode).toBe(0);
  const [record] = (await readRecords(folder)) as Repeated[];
  expect(record?.failure?.class).toBe('interrupted');
  expect(record && textsOf(record)).toEqual(['5', '6']);
  expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual([]);
});
