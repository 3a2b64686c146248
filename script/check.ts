// Every check and test, called by script/test, which has set up Node.js and the dependencies.
//   node script/check.ts [--fast] [arguments for vitest]
// The last line is `N passed, N failed, N skipped`: each check counts as one, and so does each test.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandOutcome, endCommandsOnSignals, runCommand } from './lib/check-command.ts';
import type { Tally } from './lib/vitest-tally.ts';

interface Check {
  name: string;
  argv: readonly string[];
  /** Takes harmless notices out of what is shown of a failure. */
  filter?: (output: string) => string;
}

const installed = (program: string): string => `node_modules/.bin/${program}`;

const build: Check = { name: 'build', argv: ['node', 'script/build.ts'] };

const checks: readonly Check[] = [
  { name: 'types', argv: [installed('tsc')] },
  {
    name: 'lint and format',
    argv: [installed('biome'), 'ci', '--colors=off', '--diagnostic-level=warn', '--error-on-warnings', '.'],
  },
  { name: 'layers', argv: [installed('depcruise'), 'src', 'bin'], filter: withoutTranspilerNotice },
  { name: 'unused code', argv: [installed('knip')] },
  { name: 'generated files', argv: ['node', 'script/generate.ts', '--check'] },
  { name: 'package shape', argv: ['node', 'script/lib/package-shape.ts'] },
];

/** dependency-cruiser looks for a TypeScript compiler older than 7 although we have told it to parse with swc. */
function withoutTranspilerNotice(output: string): string {
  return output.replace(/^.*missing-tsc-transpiler:[\s\S]*?API is published and stable\.\n/m, '');
}

const args = process.argv.slice(2);
const fast = args.includes('--fast');
const vitestArgs = args.filter((arg) => arg !== '--fast');

const tally: Tally = { passed: 0, failed: [], skipped: [] };
let testsSeen = 0;
const scratch = mkdtempSync(join(tmpdir(), 'madengine-check-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
endCommandsOnSignals();

/** Seconds until the whole must be over, so that a hanging test is named instead of the run being cut off from outside. */
const secondsLeft = (): number => Math.max(1, 23 * 60 - performance.now() / 1000);

function report(name: string, { good, output, seconds }: CommandOutcome, remark = ''): void {
  console.log(
    `${good ? 'ok    ' : 'FAILED'}  ${name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s${remark}`,
  );
  if (!good && output.trim() !== '')
    console.log(`\n${shortened(output.trim()).replaceAll(/^/gm, '        ')}\n`);
}

/** One mistake can make thousands of lines. */
function shortened(output: string, most = 300): string {
  const lines = output.split('\n');
  const rest = lines.length - most;
  return rest > 0 ? `${lines.slice(0, most).join('\n')}\n… and ${rest} more lines` : output;
}

async function runCheck(check: Check, shown = false): Promise<boolean> {
  const outcome = await runCommand(check.argv, { shown, timeoutS: Math.min(600, secondsLeft()) });
  report(check.name, { ...outcome, output: check.filter?.(outcome.output) ?? outcome.output });
  if (outcome.good) tally.passed += 1;
  else tally.failed.push(check.name);
  return outcome.good;
}

function notRun(name: string, reason: string): void {
  console.log(`FAILED  ${name.padEnd(16)} not run: ${reason}`);
  tally.failed.push(`${name} (not run: ${reason})`);
}

function readTally(path: string): Tally {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: ['vitest ended before it could report'], skipped: [] };
  }
}

async function runTests(project: 'unit' | 'system'): Promise<void> {
  const path = join(scratch, `${project}.json`);
  const reporters = [
    `--reporter=${project === 'unit' ? 'dot' : 'verbose'}`,
    '--reporter=./script/lib/vitest-tally.ts',
  ];
  // A filter that a person gave may fit the tests of one project only.
  const mayBeEmpty = vitestArgs.length > 0 ? ['--passWithNoTests'] : [];
  const outcome = await runCommand(
    [installed('vitest'), 'run', '--project', project, ...reporters, ...mayBeEmpty, ...vitestArgs],
    { shown: project === 'system', env: { MADENGINE_TALLY: path }, timeoutS: secondsLeft() },
  );
  const { passed, failed, skipped } = readTally(path);
  if (!outcome.good && failed.length === 0) failed.push('vitest failed outside of the tests');
  testsSeen += passed + failed.length + skipped.length;
  tally.passed += passed;
  tally.failed.push(...failed.map((name) => `${project} test: ${name}`));
  tally.skipped.push(...skipped);
  const good = outcome.good && failed.length === 0;
  report(
    `${project} tests`,
    { ...outcome, good },
    `  ${passed} passed, ${failed.length} failed, ${skipped.length} skipped`,
  );
}

/** Two at a time, on the two cores that every machine has; the longest first. */
async function runAtOnce(tasks: (() => Promise<unknown>)[]): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await task();
  };
  await Promise.all([worker(), worker()]);
}

async function runSystemTests(built: boolean): Promise<void> {
  if (!built) return notRun('system tests', 'the build failed');
  const servers = { name: 'servers', argv: ['script/servers', 'start'] };
  if (!(await runCheck(servers, true))) return notRun('system tests', 'the servers did not start');
  await runCheck({
    name: 'demo',
    argv: ['env', `MADENGINE_DEMO_DIR=${join(scratch, 'demo')}`, 'script/demo'],
  });
  await runTests('system');
}

function printSummary(): void {
  const reasons = Map.groupBy(tally.skipped, ({ reason }) => reason);
  for (const [reason, tests] of reasons) {
    console.log(`\nskipped, ${reason}:`);
    for (const { name } of tests.slice(0, 20)) console.log(`  ${name}`);
    // `-t` skips all but a few.
    if (tests.length > 20) console.log(`  … and ${tests.length - 20} more`);
  }
  if (tally.failed.length > 0) console.log('\nfailed:');
  for (const name of tally.failed) console.log(`  ${name}`);
  const { passed, failed, skipped } = tally;
  console.log(`\n${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
}

const built = await runCheck(build);
await runAtOnce([() => runTests('unit'), ...checks.map((check) => () => runCheck(check))]);
if (!fast) await runSystemTests(built);
if (testsSeen === 0 && vitestArgs.length > 0) tally.failed.push(`no test fits ${vitestArgs.join(' ')}`);
printSummary();
process.exitCode = tally.failed.length === 0 ? 0 : 1;
