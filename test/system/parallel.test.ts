import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWithGpus } from './support/describe-with-gpus.ts';
import { containersWithLabel } from './support/engine.ts';
import { amdTools } from './support/gpu-machine.ts';
import { runCli, startCli } from './support/program.ts';
import { readRecords, readRows, type StoredRecord } from './support/results.ts';
import { goodScript, type TinyModel, tinyPackage } from './support/tiny-package.ts';

const model = (name: string, n_gpus: string, card: Record<string, unknown> = {}, seconds = 5): TinyModel => ({
  name,
  script: `echo begun; sleep ${seconds}; ${goodScript}`,
  dockerfile: 'RUN grep -q ^video: /etc/group || echo video:x:44: >> /etc/group',
  card: { n_gpus, ...card },
});

interface Span {
  model: string;
  gpus: readonly number[];
  from: number;
  to: number;
}

const spansOf = (records: readonly StoredRecord[]): Span[] =>
  records.map((record) => ({
    model: record.model.name,
    gpus: (record.placement as { gpus: number[] }).gpus,
    from: Date.parse(String(record.started_at)),
    to: Date.parse(String(record.ended_at)),
  }));

const overlap = (a: Span, b: Span): boolean => a.from < b.to && b.from < a.to;
const pairs = (spans: readonly Span[]): [Span, Span][] =>
  spans.flatMap((a, at) => spans.slice(at + 1).map((b): [Span, Span] => [a, b]));

function expectNothingShared(spans: readonly Span[]): void {
  for (const [a, b] of pairs(spans)) {
    if (overlap(a, b)) expect(a.gpus.filter((gpu) => b.gpus.includes(gpu))).toEqual([]);
  }
}

describeWithGpus(8, 'on a machine with eight GPUs', () => {
  test('eight models that need one GPU each run at the same time, with the same results as one by one', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => `eight_${name}`);
    const folder = await tinyPackage(names.map((name) => model(name, '1', {}, 8)));
    const { path } = await amdTools(8);
    const args = ['run', '--tags', 'all_of_them', '--parallel', 'auto', '--live-output'];
    const ended = await runCli(args, { cwd: folder, env: { PATH: path } });
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    const records = await readRecords(folder);
    const spans = spansOf(records);
    expect(spans.flatMap(({ gpus }) => gpus).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (const [a, b] of pairs(spans))
      expect([a.model, b.model, overlap(a, b)]).toEqual([a.model, b.model, true]);
    for (const record of records) expect(record.neighbours).toHaveLength(7);
    const rows = await readRows(join(folder, 'perf.csv'));
    expect(rows.map((row) => [row.model, row.performance, row.status]).sort()).toEqual(
      names.map((name) => [name, '12.5', 'SUCCESS']),
    );
    for (const name of names) expect(ended.stdout).toContain(`[${name}] performance: 12.5 samples/sec\n`);
    const entries = JSON.parse(await readFile(join(folder, 'perf_entry.json'), 'utf8'));
    expect(entries.map((entry: { model: string }) => entry.model)).toEqual(names);
  });

  test('a two-GPU model never shares, an exclusive one is alone, and one without a GPU needs none', async () => {
    const folder = await tinyPackage([
      model('plain', '0', {}, 2),
      model('alone', '1', { exclusive: true }, 1),
      ...['p', 'q', 'r', 's'].map((name) => model(name, '2', {}, 2)),
      model('one', '1', {}, 2),
      model('seven', '7', {}, 1),
    ]);
    const { path } = await amdTools(8);
    const args = ['run', '--tags', 'all_of_them', '--parallel', '4'];
    const ended = await runCli(args, { cwd: folder, env: { PATH: path } });
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    const records = await readRecords(folder);
    const spans = spansOf(records);
    expectNothingShared(spans);
    const counts = Object.fromEntries(spans.map(({ model, gpus }) => [model, gpus.length]));
    expect(counts).toEqual({ plain: 0, alone: 1, p: 2, q: 2, r: 2, s: 2, one: 1, seven: 7 });
    const alone = spans.find((span) => span.model === 'alone');
    expect(spans.filter((span) => alone && span !== alone && overlap(span, alone))).toEqual([]);
    expect(records.find((record) => record.model.name === 'alone')?.neighbours).toEqual([]);
    expect(spans[0]?.model).toBe('alone');
    expect(spans.some((span) => spans.filter((other) => overlap(span, other)).length > 2)).toBe(true);
  });

  test('two programs that were started by hand never share a GPU, and none waits while there is a free one', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `hand_${name}`);
    const folder = await tinyPackage(names.map((name) => model(name, '2', {}, 2)));
    const { path } = await amdTools(8);
    const env = { PATH: path };
    const build = await runCli(['build', '--tags', 'all_of_them'], { cwd: folder, env });
    expect(build.exitCode, build.stdout + build.stderr).toBe(0);
    const args = ['run', '--manifest-file', 'build_manifest.json', '--parallel', 'auto'];
    const ended = await Promise.all([1, 2].map(() => runCli(args, { cwd: folder, env })));
    expect(
      ended.map(({ exitCode }) => exitCode),
      ended.map(({ stderr }) => stderr).join(''),
    ).toEqual([0, 0]);
    const spans = spansOf(await readRecords(folder));
    expect(spans).toHaveLength(12);
    expectNothingShared(spans);
  });

  test('all samples of a run are taken on the same GPUs, which nobody else gets meanwhile', async () => {
    const folder = await tinyPackage(
      ['trio1_a', 'trio1_b', 'trio1_c'].map((name) => model(name, '4', {}, 1)),
    );
    const { path } = await amdTools(8);
    const env = { PATH: path };
    expect((await runCli(['build', '--tags', 'all_of_them'], { cwd: folder, env })).exitCode).toBe(0);
    const args = ['run', '--manifest-file', 'build_manifest.json', '--repeat', '2'];
    const ended = await Promise.all([
      runCli([...args, '--parallel', 'auto'], { cwd: folder, env }),
      runCli(args, { cwd: folder, env }),
    ]);
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const records = await readRecords(folder);
    expect(records).toHaveLength(6);
    const taken = records as unknown as (StoredRecord & {
      samples: { gpus: number[]; started_at: string; duration_s: number }[];
      placement: { gpus: number[] };
    })[];
    for (const { samples, placement } of taken)
      expect(samples.map(({ gpus }) => gpus)).toEqual([placement.gpus, placement.gpus]);
    // Only the first sample waits for its GPUs.
    const held = taken.map((record) => ({
      model: record.model.name,
      gpus: record.placement.gpus,
      from: Date.parse(record.samples[1]?.started_at ?? ''),
      to: Date.parse(record.samples[1]?.started_at ?? '') + Number(record.samples[1]?.duration_s) * 1000,
    }));
    expectNothingShared(held);
  });

  test('a signal ends all that run, every model has a record and a row, and nothing is left running', async () => {
    const folder = await tinyPackage(
      ['trio2_a', 'trio2_b', 'trio2_c'].map((name) => model(name, '3', {}, 600)),
    );
    const { path } = await amdTools(8);
    const program = startCli(
      ['run', '--tags', 'all_of_them', '--parallel', 'auto', '--json', '--live-output'],
      {
        cwd: folder,
        env: { PATH: path },
      },
    );
    const begun = (): number => program.stdout().match(/begun/g)?.length ?? 0;
    await expect.poll(begun, { timeout: 60_000 }).toBe(2);
    program.kill('SIGTERM');
    expect((await program.ended).exitCode).toBe(143);
    const records = await readRecords(folder);
    expect(records.map(({ failure }) => failure?.class)).toEqual([
      'interrupted',
      'interrupted',
      'interrupted',
    ]);
    const rows = await readRows(join(folder, 'perf.csv'));
    expect(rows.map((row) => row.run_id).sort()).toEqual(records.map(({ run }) => run).sort());
    expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual([]);
  });

  test('kill -9 with several at once: the next start records them all and removes their containers', async () => {
    const folder = await tinyPackage(
      ['trio3_a', 'trio3_b', 'trio3_c'].map((name) => model(name, '1', {}, 600)),
    );
    const { path } = await amdTools(8);
    const env = { PATH: path };
    const program = startCli(['run', '--tags', 'all_of_them', '--parallel', '3', '--json', '--live-output'], {
      cwd: folder,
      env,
    });
    const begun = (): number => program.stdout().match(/begun/g)?.length ?? 0;
    await expect.poll(begun, { timeout: 60_000 }).toBe(3);
    program.kill('SIGKILL');
    await program.ended;
    const next = await runCli(['build', '--tags', 'trio3_a'], { cwd: folder, env });
    expect(next.exitCode, next.stdout + next.stderr).toBe(0);
    const records = await readRecords(folder);
    expect(records.map(({ failure }) => failure?.class)).toEqual([
      'interrupted',
      'interrupted',
      'interrupted',
    ]);
    expect(await readRows(join(folder, 'perf.csv'))).toHaveLength(3);
    expect(await containersWithLabel(`madengine.results_root=${folder}`)).toEqual([]);
  });

  test('a deadline ends those that run, and the others are recorded as not run', async () => {
    const folder = await tinyPackage(
      ['trio4_a', 'trio4_b', 'trio4_c'].map((name) => model(name, '4', {}, 600)),
    );
    const { path } = await amdTools(8);
    const env = { PATH: path };
    expect((await runCli(['build', '--tags', 'all_of_them'], { cwd: folder, env })).exitCode).toBe(0);
    const args = ['run', '--manifest-file', 'build_manifest.json', '--parallel', 'auto', '--deadline', '12'];
    const ended = await runCli(args, { cwd: folder, env });
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(3);
    const rows = await readRows(join(folder, 'perf.csv'));
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map((row) => row.failure_class))).toEqual(new Set(['not_run', 'timeout']));
  });
});
