/** A disk that fills while models run, simulated by a small file system; skipped, with the reason, where none can be mounted. */
import { mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { containersWithLabel } from './support/engine.ts';
import { temporaryFolder } from './support/folder.ts';
import { type ProgramResult, runCli } from './support/program.ts';
import { campaignFolders, readRecords, readRows } from './support/results.ts';
import { noSmallDisk, smallDisk } from './support/small-disk.ts';
import { goodScript, type TinyModel, tinyPackage } from './support/tiny-package.ts';

if (noSmallDisk !== undefined) console.warn(`no disk is filled: ${noSmallDisk}`);

const models: readonly TinyModel[] = [
  { name: 'writes', script: 'dd if=/dev/zero of=big bs=64k\n' },
  // The yes of busybox goes on when it can't write.
  { name: 'talks', script: 'yes "all work and no play"\n', card: { timeout: 3 } },
  { name: 'ends', script: 'yes "no play" | head -c 20000000\n' },
  { name: 'good', script: goodScript },
];

const manifest = ['run', '--manifest-file', 'build_manifest.json'];

async function built(): Promise<string> {
  const folder = await tinyPackage(models);
  const build = await runCli(['build', '--tags', 'all_of_them'], { cwd: folder });
  expect(build.exitCode, build.stdout + build.stderr).toBe(0);
  return folder;
}

/** One line for each row: model, status, class. */
const inShort = async (root: string): Promise<string[]> =>
  (await readRows(join(root, 'perf.csv'))).map((row) =>
    [row.model, row.status, row.failure_class].join(' ').trim(),
  );

/** Takes everything that is left of a disk, as a neighbour would. */
async function fill(root: string): Promise<string> {
  const path = join(root, 'neighbour');
  for (const bytes of [65_536, 4096]) {
    const chunk = Buffer.alloc(bytes, 1);
    for (let full = false; !full; ) {
      full = await writeFile(path, chunk, { flag: 'a' }).then(
        () => false,
        (error: NodeJS.ErrnoException) => error.code === 'ENOSPC',
      );
    }
  }
  return path;
}

describe.skipIf(noSmallDisk !== undefined)('on a disk that fills', () => {
  test.each(['docker', 'host'])(
    'with --engine %s each run has its record, its row and the class that names the cause',
    async (engine) => {
      const folder = await built();
      const disk = await smallDisk(6);
      const run = (...tags: string[]): Promise<ProgramResult> =>
        runCli([...manifest, '--engine', engine, '--output', join(disk, 'perf.csv'), '--tags', ...tags], {
          cwd: folder,
        });
      const first = await run('writes', 'good');
      expect(first.exitCode, first.stdout + first.stderr).toBe(3);
      expect(await inShort(disk)).toEqual(['writes FAILURE disk_full', 'good SUCCESS']);
      const [writes] = await readRecords(disk);
      expect(writes?.failure).toMatchObject({
        stage: 'run',
        message: expect.stringContaining('full: stage run ended'),
      });

      const second = await run('talks', 'good', 'good:again=1');
      expect(second.exitCode).toBe(3);
      expect(second.stdout).toContain(`the disk of ${disk} is full`);
      expect((await inShort(disk)).slice(2)).toEqual([
        'talks FAILURE disk_full',
        // Whether these find room depends on what the one before left, but never another class.
        expect.stringMatching(/^good (?:SUCCESS|FAILURE disk_full)$/),
        expect.stringMatching(/^good (?:SUCCESS|FAILURE disk_full)$/),
      ]);
      expect(await containersWithLabel(`madengine.results_root=${disk}`)).toEqual([]);
      for (const campaign of await campaignFolders(disk))
        expect(await readdir(campaign)).not.toContain('room-for-records');
    },
  );

  test('a model whose own output does not fit is no success, whatever it says', async () => {
    const folder = await built();
    const disk = await smallDisk(6);
    const run = await runCli([...manifest, '--tags', 'ends', '--output', join(disk, 'perf.csv')], {
      cwd: folder,
    });
    expect(run.exitCode, run.stdout + run.stderr).toBe(3);
    expect(await inShort(disk)).toEqual(['ends FAILURE disk_full']);
  });

  test('a perf.csv on a full disk is told by name and stays as it was; the next start adds its rows', async () => {
    const folder = await built();
    const disk = await smallDisk(1);
    const results = join(await temporaryFolder(), 'results');
    await mkdir(results);
    await symlink(join(disk, 'perf.csv'), join(results, 'perf.csv'));
    const args = [...manifest, '--tags', 'good', '--output', join(results, 'perf.csv')];
    expect((await runCli(args, { cwd: folder })).exitCode).toBe(0);
    const before = await readFile(join(disk, 'perf.csv'), 'utf8');
    // Whole pages, so that the next row needs another one, and there is none.
    const padded = before.replace('all_of_them', `all_of_them${'x'.repeat(4096 - before.length)}`);
    await writeFile(join(disk, 'perf.csv'), padded);
    const neighbour = await fill(disk);
    const told = await runCli(args, { cwd: folder });
    expect(told.exitCode).toBe(1);
    expect(told.stderr).toContain(`${join(disk, 'perf.csv')} could not be written: ENOSPC`);
    expect(told.stderr).toContain('the next start adds the missing rows');
    expect(await readRecords(results)).toHaveLength(2);
    expect(await containersWithLabel(`madengine.results_root=${results}`)).toEqual([]);

    const still = await runCli(args, { cwd: folder });
    expect(still.exitCode, still.stdout + still.stderr).toBe(1);
    await rm(neighbour);
    const mended = await runCli(args, { cwd: folder });
    expect(mended.exitCode, mended.stdout + mended.stderr).toBe(0);
    expect(mended.stderr).toContain('1 rows added to perf.csv');
    const rows = await readRows(join(disk, 'perf.csv'));
    const runs = rows.map((row) => row.run_id).filter((run, index, all) => all.indexOf(run) === index);
    expect(runs.sort()).toEqual((await readRecords(results)).map(({ run }) => run).sort());
  });

  test('on a disk that is full from the start nothing begins, and the disk is named', async () => {
    const folder = await built();
    const disk = await smallDisk(1);
    const neighbour = await fill(disk);
    const args = [...manifest, '--tags', 'good', '--output', join(disk, 'perf.csv')];
    const run = await runCli(args, { cwd: folder });
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(new RegExp(`${disk}.*\\[DISK_FULL\\]`));
    await truncate(neighbour, 0);
    expect((await runCli(args, { cwd: folder })).exitCode).toBe(0);
    expect(await inShort(disk)).toEqual(['good SUCCESS']);
  });
});
