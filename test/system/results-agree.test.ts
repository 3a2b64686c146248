import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from './support/program.ts';
import { type Row, readRows } from './support/results.ts';
import { goodScript, manifestWithoutImages, type TinyModel, tinyPackage } from './support/tiny-package.ts';

/** As text of `printf`. */
const resultFile = (lines: readonly string[]): string =>
  `printf '${lines.join('\\n')}\\n' > ../results.csv\n`;
const head = 'model,performance,metric';
const results = { multiple_results: 'results.csv' };

/** One model for each way to end, and for each way to print a result. */
const models: readonly TinyModel[] = [
  { name: 'good', script: goodScript },
  { name: 'quoted', script: 'echo "performance: 5 a\\"b,<c>&d"\n', card: { args: '--a "x y" --b \'<&>\'' } },
  { name: 'zero', script: 'echo "performance: 0 x"\n' },
  { name: 'negative', script: 'echo "performance: -1.5E-3 loss"\n' },
  { name: 'long', script: 'echo "performance: 123456789012345678901234567890 x"\n' },
  { name: 'fallback', script: 'echo "train_samples_per_second = 3.5"\n' },
  { name: 'bare', script: 'echo "performance: 42"\n' },
  { name: 'silent', script: 'true\n' },
  { name: 'exits', script: `${goodScript}echo '<boom> & ]]>' >&2\nexit 9\n` },
  { name: 'signal', script: 'kill -SEGV $$\n' },
  { name: 'error', script: `${goodScript}echo "ValueError: it's bad"\n` },
  { name: 'slow', script: `${goodScript}sleep 30\n`, card: { timeout: 1 } },
  { name: 'rows', script: resultFile([`${head},note`, 'a,1,x,first', 'b,2,y,']), card: results },
  { name: 'bad_row', script: resultFile([head, 'a,1,x', 'b,,x', 'c,nan,x']), card: results },
  { name: 'no_file', script: goodScript, card: results },
  {
    name: 'coloured',
    script: resultFile([head, '\\033[31ma\\033[0m\\007,1,x\\033[0m', '\\000b,2,x']),
    card: results,
  },
  {
    name: 'column',
    script: resultFile([`${head},latency`, 'a,1,x,0.5']),
    card: { ...results, metrics: [{ name: 'latency', column: 'latency', direction: 'lower' }] },
  },
  {
    name: 'declared',
    script: `${goodScript}echo "loss 0.25"\n`,
    card: { metrics: [{ name: 'loss', pattern: 'loss (\\S+)' }] },
  },
  {
    name: 'undeclared',
    script: goodScript,
    card: { metrics: [{ name: 'loss', pattern: 'loss (\\S+)' }] },
  },
  {
    name: 'implausible',
    script: goodScript,
    card: { checks: [{ name: 'enough', metric: 'samples/sec', min: 100 }] },
  },
  { name: 'deprecated', script: goodScript, card: { is_deprecated: true } },
  { name: 'no_script', script: goodScript },
  { name: 'known', script: 'exit 4\n' },
  { name: 'passes', script: goodScript },
];

interface Shown {
  run: string;
  status: string;
  known?: boolean;
  model: { name: string };
  metrics: { row: string | null; name: string; text: string; column?: string }[];
}

const json = async <T>(file: string): Promise<T> => JSON.parse(await readFile(file, 'utf8')) as T;
const key = (row: Readonly<Record<string, unknown>>): string =>
  ['run_id', 'model', 'performance', 'metric', 'status'].map((name) => String(row[name] ?? '')).join(' | ');
const keys = (rows: readonly Readonly<Record<string, unknown>>[]): string[] => rows.map(key).toSorted();
const runsOf = (rows: readonly Row[], status: string): string[] => [
  ...new Set(rows.filter((row) => row.status === status).map((row) => row.run_id ?? '')),
];

/** The campaign's rows, after everything that was written or is shown of it was held against them. */
async function agreedRows(folder: string, output: string): Promise<Row[]> {
  const at = (name: string): string => join(folder, name);
  const rows = await readRows(at('perf.csv'));
  for (const name of ['perf_entry.csv', 'perf_super.csv', 'perf_entry_super.csv']) {
    expect(keys(await readRows(at(name))), name).toEqual(keys(rows));
  }
  for (const name of ['perf_entry.json', 'perf_super.json', 'perf_entry_super.json']) {
    expect(keys(await json<Row[]>(at(name))), name).toEqual(keys(rows));
  }

  const shown = await runCli(['runs', 'show', '--json'], { cwd: folder });
  const { records } = JSON.parse(shown.stdout) as { records: Shown[] };
  const table = await runCli(['runs', 'show'], { cwd: folder, env: { COLUMNS: '400' } });
  const junit = await readFile(at('junit.xml'), 'utf8');
  for (const record of records) {
    const { name } = record.model;
    const own = rows.filter((row) => row.run_id === record.run);
    const metrics = record.metrics.filter(({ column }) => column === undefined);
    const expected = metrics.map(({ row, name: metric, text }) => [
      row ? `${name}_${row}` : name,
      text,
      metric,
    ]);
    expect(
      own.map((row) => [row.model, row.performance, row.metric]),
      name,
    ).toEqual(expected.length === 0 ? [[name, '', '']] : expected);
    for (const text of [output, table.stdout]) {
      const cells = text.split('\n').map((line) => line.trim().split(/\s{2,}/));
      const line = cells.find(
        (one) => one.includes(name) && one.some((cell) => /^(SUCCESS|FAILURE|SKIPPED|KNOWN)/.test(cell)),
      );
      const said = own.length > 1 ? `${own.length} results` : own[0]?.performance;
      expect(line, name).toEqual(expect.arrayContaining([name, ...(said ? [said] : [])]));
    }
    const testcase = junit.split('<testcase').find((one) => one.includes(record.run)) ?? '';
    const verdict = /<(failure|skipped)/.exec(testcase)?.[1] ?? 'good';
    const wanted = record.known
      ? 'skipped'
      : { SUCCESS: 'good', FAILURE: 'failure', SKIPPED: 'skipped' }[record.status];
    expect([name, verdict]).toEqual([name, wanted]);
  }
  expect(new Set(rows.map((row) => row.run_id))).toEqual(new Set(records.map(({ run }) => run)));

  const counts = {
    total: records.length,
    good: records.filter(({ status }) => status !== 'FAILURE').length,
    known: records.filter(({ status, known }) => status === 'FAILURE' && known).length,
  };
  type Summary = {
    successful_runs: { run_id: string }[];
    failed_runs: { run_id: string }[];
    total_runs: number;
  };
  for (const name of ['results_summary.json', 'summary.json']) {
    const summary = await json<Summary & { known_failures: unknown[] }>(at(name));
    expect(summary.successful_runs, name).toHaveLength(counts.good);
    expect(summary.failed_runs, name).toHaveLength(counts.total - counts.good - counts.known);
    expect(summary.known_failures, name).toHaveLength(counts.known);
    expect(summary.total_runs, name).toBe(counts.total);
    const good = summary.successful_runs.map((run) => run.run_id);
    expect(runsOf(rows, 'FAILURE').filter((run) => good.includes(run))).toEqual([]);
  }
  return rows;
}

async function campaign(folder: string, options: readonly string[]): Promise<string> {
  const { stdout, exitCode } = await runCli(
    [
      ...['run', '--manifest-file', 'build_manifest.json', '--engine', 'host', '--no-sys-env-details'],
      ...['--junit', 'junit.xml', '--summary-output', 'summary.json', ...options],
    ],
    { cwd: folder, env: { COLUMNS: '400' } },
  );
  expect(exitCode).toBe(3);
  return stdout;
}

test('every file, table and report of a campaign says the same of each of its models', async () => {
  const folder = await tinyPackage(models);
  await manifestWithoutImages(folder, models);
  await rm(join(folder, 'scripts/no_script/run.sh'));
  const known = ['known', 'passes'].map((model) => ({ model, reason: 'it is "known" <&>' }));
  await writeFile(join(folder, 'known.json'), JSON.stringify(known));

  const output = await campaign(folder, ['--known-failures', 'known.json']);
  const rows = await agreedRows(folder, output);

  const said = (model: string): (string | undefined)[] =>
    ['performance', 'metric', 'status', 'failure_class'].map(
      (name) => rows.find((row) => row.model === model)?.[name],
    );
  expect(said('quoted')).toEqual(['5', 'a"b', 'SUCCESS', '']);
  expect(said('coloured_a')).toEqual(['1', 'x', 'SUCCESS', '']);
  expect(said('bad_row_a')).toEqual(['1', 'x', 'SUCCESS', '']);
  expect(said('bad_row_c')).toEqual(['nan', 'x', 'FAILURE', 'missing_metric']);
  expect(said('column_a')).toEqual(['1', 'x', 'SUCCESS', '']);
  // One script that is missing is no reason to run none of the others.
  expect(said('no_script')).toEqual(['', '', 'FAILURE', 'setup']);
});

test('so they do of several executions', async () => {
  const chosen = ['good', 'zero', 'rows', 'bad_row', 'declared', 'exits', 'column'];
  const some = models.filter(({ name }) => chosen.includes(name));
  const folder = await tinyPackage(some);
  await manifestWithoutImages(folder, some);
  const rows = await agreedRows(folder, await campaign(folder, ['--repeat', '3']));
  expect(rows.map(({ model }) => model)).toContain('column_a');
});
