/**
 * The scan of a 1 GB log for metric and errors, against `grep -cF` with the same texts; then finishing such a log, which
 * is a search for secrets. Our memory must stay flat.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Scrubber, Secret } from '../src/foundation/secret.ts';
import { defaultBenignPatterns, defaultErrorPatterns } from '../src/record/output/error-pattern.ts';
import { fallbackMarker, metricMarker } from '../src/record/output/metric-pattern.ts';
import { createOutputScanner } from '../src/record/output/output-scanner.ts';
import { finishLog } from '../src/run/result/final-log.ts';
import { compare, measure, print, report } from './measure.ts';

const bytes = 1_000_000_000;
const folder = mkdtempSync(join(tmpdir(), 'madengine-bench-'));

try {
  const texts = join(folder, 'texts');
  writeFileSync(texts, [...defaultErrorPatterns, metricMarker, fallbackMarker].join('\n'));
  const grep = (log: string) => () => {
    spawnSync('grep', ['-cF', '-f', texts, log], { env: { ...process.env, LC_ALL: 'C' } });
  };
  const options = { repeats: 5, warmUps: 1 };

  const usual = writeLog('usual.log', usualLine);
  const scanned = await compare(
    { name: 'grep -cF, usual log of 1 GB', act: grep(usual) },
    { name: 'scan, usual log of 1 GB', act: () => scan(usual) },
    options,
  );
  report('scan of a usual log / grep -cF', scanned.ratio, 3);
  report('memory that a scan adds', memoryAdded(usual) / 2 ** 20, 32, ' MiB');

  const scrubber = new Scrubber(
    Array.from(
      { length: 10 },
      (_, index) => new Secret(`s${index}`, `a-secret-value-${index}-0123456789abcdef`),
    ),
  );
  const finished = await measure(
    'search for 10 secrets, 1 GB',
    () => finishLog({ from: usual, to: join(folder, 'final.log'), scrubber }),
    { repeats: 1, warmUps: 0 },
  );

  const benign = writeLog('benign.log', benignLine);
  const harmless = await compare(
    { name: 'grep -cF, every line looks like an error', act: grep(benign) },
    { name: 'scan, every line looks like an error', act: () => scan(benign) },
    { repeats: 1, warmUps: 0 },
  );
  report('scan of a log full of benign errors / grep -cF', harmless.ratio);

  print('output-scan', [
    scanned.baseline,
    scanned.candidate,
    finished,
    harmless.baseline,
    harmless.candidate,
  ]);
} finally {
  rmSync(folder, { recursive: true });
}

function scan(log: string, onChunk = (): void => {}): void {
  const errors = { enabled: true, patterns: defaultErrorPatterns, benign: defaultBenignPatterns };
  const scanner = createOutputScanner({ errors });
  const buffer = Buffer.allocUnsafe(256 * 1024);
  const file = openSync(log, 'r');
  for (let length = 1; length > 0; ) {
    length = readSync(file, buffer, 0, buffer.length, null);
    scanner.push(buffer.subarray(0, length));
    onChunk();
  }
  closeSync(file);
  if (scanner.end().bytes < bytes) throw new Error('the scan did not read the whole log');
}

/** Bytes between the least and the most memory that the process has during a scan. */
function memoryAdded(log: string): number {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  scan(log, () => {
    const now = process.memoryUsage.rss();
    least = Math.min(least, now);
    most = Math.max(most, now);
  });
  return most - least;
}

function usualLine(index: number): string {
  if (index % 3 === 0)
    return `Loading /data/train/shard_${index}.parquet with 64 workers, memory ${index % 97} GB`;
  const loss = (3 / (1 + index / 1e6)).toFixed(5);
  return `2025-03-01 12:${index % 60}:11,${index % 1000} INFO [rank${index % 8}] step ${index} loss=${loss} tokens/s=${index % 99991}`;
}

function benignLine(index: number): string {
  return `[rank ${index % 8}] FutureWarning: step ${index} Exception: the loader raised RuntimeError: ignored, going on`;
}

/** The metric comes last, so that the whole log must be read for it. */
function writeLog(name: string, line: (index: number) => string): string {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  for (let written = 0, index = 0; written < bytes; ) {
    const lines: string[] = [];
    for (const end = index + 5000; index < end; index++) lines.push(line(index));
    written += writeSync(file, `${lines.join('\n')}\n`);
  }
  writeSync(file, 'performance: 14164.5 samples/sec\n');
  closeSync(file);
  return path;
}
