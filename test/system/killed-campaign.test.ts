import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readJournal } from '../../src/record/campaign/journal.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'killed-campaign-'));
});
afterEach(() => rm(root, { recursive: true, force: true, maxRetries: 3 }));

const script = fileURLToPath(new URL('./support/campaign-process.ts', import.meta.url));

interface Kill {
  /** Lines that it has said: 1 when it has begun, one more for each run. */
  afterLines: number;
  ms: number;
}

const anyMoment = (): Kill => ({ afterLines: 1 + Math.floor(Math.random() * 6), ms: Math.random() * 30 });

/** Runs a campaign, to its end or until it is killed. */
async function campaign(runs: number, kill?: Kill): Promise<void> {
  const child = spawn(process.execPath, [script, root, String(runs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let lines = 0;
  for await (const _ of createInterface({ input: child.stdout })) {
    if (++lines !== kill?.afterLines) continue;
    await delay(kill.ms);
    child.kill('SIGKILL');
  }
  const [code, signal] = await ended;
  expect(signal ?? code).toBe(kill === undefined ? 0 : 'SIGKILL');
}

async function filesOf(name: string): Promise<string[]> {
  const all = await readdir(join(root, '.madengine', 'campaigns'), { recursive: true });
  return all.filter((path) => path.endsWith(name)).map((path) => join(root, '.madengine', 'campaigns', path));
}

test('whatever was killed at whatever point: every run that was started has one record and all of its rows', async () => {
  for (let round = 0; round < 20; round++) {
    await Promise.all([campaign(10_000, anyMoment()), campaign(10_000, anyMoment())]);
  }
  // Two starts at once, which both find the dead, and live neighbours of each other.
  await Promise.all([campaign(4), campaign(4)]);

  const started = (await Promise.all((await filesOf('journal.ndjson')).map(readJournal)))
    .flat()
    .filter(({ act }) => act === 'run.started')
    .map((entry) => ('run' in entry ? entry.run : ''));
  const records: { run: string; metrics: unknown[] }[] = await Promise.all(
    (await filesOf('record.json')).map(async (path) => JSON.parse(await readFile(path, 'utf8'))),
  );
  const rows: Record<string, string>[] = parse(await readFile(join(root, 'perf.csv')), { columns: true });
  const wanted = records.flatMap(({ run, metrics }) =>
    metrics.length === 0 ? [run] : metrics.map(() => run),
  );
  expect(started.length).toBeGreaterThan(20);
  expect(records.map(({ run }) => run).toSorted()).toEqual(started.toSorted());
  expect(rows.map((row) => row.run_id).toSorted()).toEqual(wanted.toSorted());
  expect(rows.some((row) => row.failure_class === 'interrupted')).toBe(true);
  expect(await readdir(join(root, '.madengine', 'open'))).toEqual([]);
  expect((await readdir(root)).toSorted()).toEqual([
    '.madengine',
    'perf.csv',
    'perf_super.csv',
    'perf_super.json',
  ]);
  // Those of campaigns that ended are added by a later step, so that only of recovered ones there must be all.
  const inSuper: { run_id: string }[] = JSON.parse(await readFile(join(root, 'perf_super.json'), 'utf8'));
  const counted = inSuper.map(({ run_id }) => run_id);
  for (const row of rows.filter(({ failure_class }) => failure_class === 'interrupted'))
    expect(counted.filter((run) => run === row.run_id)).toHaveLength(1);
  const inTable = new Set(rows.map((row) => row.run_id));
  expect(counted.filter((run) => !inTable.has(run))).toEqual([]);
});
