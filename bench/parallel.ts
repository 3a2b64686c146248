/**
 * Eight models that need one GPU each and sleep, with `--parallel auto` on a machine with eight simulated GPUs, against
 * one of them. Needs root (for device files), a Docker Engine with the image that `script/servers` makes, and the built
 * program in `dist/`. `BENCH_SLEEP_S` (10) is how long each sleeps.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { amdTools, makeDeviceFiles, noAmdMachine } from '../test/system/support/gpu-machine.ts';
import { compare, print, report } from './measure.ts';

const base = process.env.MADENGINE_TEST_BASE_IMAGE ?? 'madengine-base:busybox';
const sleepS = Number(process.env.BENCH_SLEEP_S ?? 10);
const program = resolve(import.meta.dirname, '../bin/madengine-cli.cjs');
const count = 8;

function makePackage(folder: string): void {
  mkdirSync(join(folder, 'scripts/sleeper'), { recursive: true });
  mkdirSync(join(folder, 'docker'));
  const card = (index: number): Record<string, unknown> => ({
    name: `sleeper_${index}`,
    dockerfile: 'docker/sleeper',
    scripts: 'scripts/sleeper/run.sh',
    n_gpus: '1',
    owner: 'bench',
    training_precision: '',
    tags: ['bench'],
    args: '',
  });
  const cards = Array.from({ length: count }, (_, index) => card(index));
  writeFileSync(join(folder, 'models.json'), JSON.stringify(cards));
  writeFileSync(
    join(folder, 'docker/sleeper.Dockerfile'),
    `FROM ${base}\nRUN echo video:x:44: >> /etc/group\n`,
  );
  writeFileSync(join(folder, 'scripts/sleeper/run.sh'), `sleep ${sleepS}; echo "performance: 1 runs/s"\n`);
}

async function bench(folder: string): Promise<void> {
  makePackage(folder);
  const tools = join(folder, 'tools');
  mkdirSync(tools);
  const { path } = await amdTools(count, { folder: tools });
  const madengine = (...args: string[]): void => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      cwd: folder,
      env: { ...process.env, PATH: path },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`madengine-cli ${args.join(' ')}: ${stdout}${stderr}`);
  };
  madengine('build', '--tags', 'bench');
  const byManifest = ['run', '--manifest-file', 'build_manifest.json', '--parallel', 'auto'];
  const { baseline, candidate, ratio } = await compare(
    { name: `one model that sleeps ${sleepS} s`, act: () => madengine(...byManifest, '--tags', 'sleeper_0') },
    { name: `${count} of them at the same time`, act: () => madengine(...byManifest) },
    { repeats: 3, warmUps: 0 },
  );
  report(`${count} models at the same time, over one of them`, ratio, 1.2);
  print('parallel', [baseline, candidate]);
}

if (noAmdMachine === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'madengine-bench-'));
  const takeAway = await makeDeviceFiles(count);
  try {
    await bench(folder);
  } finally {
    await takeAway();
    rmSync(folder, { recursive: true, force: true });
  }
} else {
  console.log(`GPUs can't be simulated: ${noAmdMachine}`);
}
