/**
 * What four independent builds with `--jobs 2` cost over the same `docker build` lines, run by two workers that do
 * nothing else. Needs a Docker Engine with the image that `script/servers` makes, and the built program in `dist/`.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { compare, print, report } from './measure.ts';

const base = process.env.MADENGINE_TEST_BASE_IMAGE ?? 'madengine-base:busybox';
const program = resolve(import.meta.dirname, '../bin/madengine-cli.cjs');
const folder = mkdtempSync(join(tmpdir(), 'madengine-bench-'));
const names = ['one', 'two', 'three', 'four'].map((name) => `bench-${name}`);
/** Of every image that is made here, by it and by nobody else. */
const mark = `madengine.bench=${basename(folder)}`;
const build = ['build', '--tags', 'bench', '--jobs', '2', '--clean-docker-cache'];

function makePackage(): void {
  mkdirSync(join(folder, 'docker'));
  const cards = names.map((name) => ({
    name,
    dockerfile: `docker/${name}`,
    scripts: 'scripts/run.sh',
    n_gpus: '0',
    owner: 'bench',
    training_precision: '',
    tags: ['bench'],
    args: '',
  }));
  writeFileSync(join(folder, 'models.json'), JSON.stringify(cards));
  mkdirSync(join(folder, 'scripts'));
  writeFileSync(join(folder, 'scripts/run.sh'), 'echo "performance: 1 runs/s"\n');
  // Three steps that take their time and leave a layer each, as those of a model's image do.
  const step = 'RUN dd if=/dev/urandom of=/data-$$ bs=1M count=8 2>/dev/null && sleep 0.5\n';
  for (const name of names)
    writeFileSync(
      join(folder, `docker/${name}.Dockerfile`),
      `FROM ${base}\nLABEL ${mark}\n${step.repeat(3)}`,
    );
}

function madengine(...args: string[]): string {
  const result = spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: 'utf8' });
  if (result.status !== 0)
    throw new Error(`madengine-cli ${args.join(' ')}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** The lines that our own plan shows. `--pull` is left out, as it is in a build whose base exists only here. */
function plannedLines(): string[][] {
  const events = madengine(...build, '--dry-run', '--json')
    .trim()
    .split('\n');
  const plan = events.map((line) => JSON.parse(line)).find(({ type }) => type === 'plan.made').plan as {
    commands: { argv: string[] }[];
  };
  return plan.commands.map(({ argv }, index) =>
    argv
      .filter((word) => word !== '--pull')
      .map((word) => word.replace('${secrets}', join(folder, `${index}`))),
  );
}

async function bareBuilds(lines: readonly string[][]): Promise<void> {
  const waiting = lines.values();
  const work = async (): Promise<void> => {
    for (const [first = '', ...words] of waiting) await promisify(execFile)(first, words);
  };
  await Promise.all([work(), work()]);
}

makePackage();
try {
  const lines = plannedLines();
  lines.forEach((_, index) => void mkdirSync(join(folder, `${index}`)));
  const { baseline, candidate, ratio } = await compare(
    { name: 'docker build, two workers', act: () => bareBuilds(lines) },
    { name: 'madengine-cli build --jobs 2', act: () => madengine(...build) },
    { repeats: 7, warmUps: 1 },
  );
  report('four builds with --jobs 2, over two workers', ratio, 1.15);
  print('build-jobs', [baseline, candidate]);
} finally {
  rmSync(folder, { recursive: true, force: true });
  for (const name of names)
    execFileSync('docker', ['rmi', '--force', `ci-${name}_${name}`], { stdio: 'ignore' });
  execFileSync('docker', ['image', 'prune', '--force', '--filter', `label=${mark}`], {
    stdio: 'ignore',
  });
}
