import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli, startCli } from './support/program.ts';
import { readRecords, readRows } from './support/results.ts';
import { tinyPackage } from './support/tiny-package.ts';

/** The most resident memory of a process while it runs, in bytes, as the kernel counts it. */
async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

async function runWatched(folder: string): Promise<{ peak: number; exitCode: number | null; text: string }> {
  const run = startCli(['run', '--tags', 'all_of_them'], { cwd: folder });
  let peak = 0;
  const timer = setInterval(
    () => void peakMemory(run.pid).then((bytes) => (peak = Math.max(peak, bytes))),
    50,
  );
  const ended = await run.ended;
  clearInterval(timer);
  return { peak, exitCode: ended.exitCode, text: ended.stdout + ended.stderr };
}

const mebibyte = 1024 * 1024;

test('1 GB of output and a line of 100 MB are kept whole, with the metric behind them, in little memory', async () => {
  const quiet = await runWatched(
    await tinyPackage([{ name: 'quiet', script: 'echo "performance: 1 x/s"\n' }]),
  );
  expect(quiet.exitCode, quiet.text).toBe(0);
  const folder = await tinyPackage([
    {
      name: 'loud',
      script: [
        "yes 'step 100 loss 0.123 an ordinary line of a training log, as long as they are' | head -c 1000000000",
        "head -c 100000000 /dev/zero | tr '\\0' x",
        'echo',
        'echo "performance: 42 samples/sec"',
      ].join('\n'),
    },
  ]);
  const loud = await runWatched(folder);
  expect(loud.exitCode, loud.text).toBe(0);
  expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([
    { performance: '42', metric: 'samples/sec' },
  ]);
  expect((await stat(join(folder, 'loud_loud.ubuntu.run.live.log'))).size).toBeGreaterThan(1_100_000_000);
  expect(loud.peak).toBeLessThan(quiet.peak + 64 * mebibyte);
});

test('colours, carriage returns, binary bytes and a late metric do not matter', async () => {
  const script = [
    "printf '\\033[32mINFO\\033[0m \\377\\376 progress 10%%\\rprogress 100%%\\r\\n'",
    "printf '\\033[1mperformance: -.5E-1 tokens/s/GPU, more\\033[0m\\n'",
    'echo "performance: 99 later"',
  ].join('\n');
  const folder = await tinyPackage([{ name: 'colourful', script }]);
  const run = await runCli(['run', '--tags', 'colourful'], { cwd: folder });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  expect(await readRows(join(folder, 'perf.csv'))).toMatchObject([
    { performance: '-.5E-1', metric: 'tokens/s/GPU' },
  ]);
});

test('an error line makes a run fail that printed a metric, unless the scan is off', async () => {
  const script = 'echo "RuntimeError: out of luck"; echo "performance: 1 x/s"\n';
  const folder = await tinyPackage([
    { name: 'scanned', script },
    { name: 'unscanned', script, card: { log_error_pattern_scan: false } },
  ]);
  const run = await runCli(['run', '--tags', 'all_of_them'], { cwd: folder });
  expect(run.exitCode).toBe(3);
  expect((await readRecords(folder)).map((record) => record.failure)).toMatchObject([
    { class: 'error_pattern', evidence: 'RuntimeError: out of luck' },
    null,
  ]);
});

test('--live-output shows the output while the model runs', async () => {
  const folder = await tinyPackage([
    { name: 'live', script: 'echo early-line; sleep 2; echo "performance: 1 x/s"\n' },
  ]);
  const run = startCli(['run', '--tags', 'live', '--live-output'], { cwd: folder });
  let over = false;
  void run.ended.then(() => (over = true));
  while (!run.stdout().includes('early-line')) {
    expect(over, run.stdout() + run.stderr()).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(over).toBe(false);
  expect((await run.ended).exitCode).toBe(0);
});
