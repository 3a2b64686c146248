/**
 * What a trivial model by manifest costs over the bare engine: the whole `madengine-cli run --manifest-file` against
 * `docker run -d`, `docker exec`, `docker rm -f` of the same image with the same options. Needs a Docker Engine with
 * the image that `script/servers` makes, and the built program in `dist/`. Once with the options as they are, once without
 * the environment that the first run of an image notes. And what ten such models cost in one command, against ten
 * commands with one each.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compare, print, report } from './measure.ts';

const base = process.env.MADENGINE_TEST_BASE_IMAGE ?? 'madengine-base:busybox';
const program = resolve(import.meta.dirname, '../bin/madengine-cli.cjs');
const folder = mkdtempSync(join(tmpdir(), 'madengine-bench-'));

const models = Array.from({ length: 10 }, (_, index) => `trivial_${index}`);

function makePackage(): void {
  mkdirSync(join(folder, 'scripts/trivial'), { recursive: true });
  mkdirSync(join(folder, 'docker'));
  const cards = models.map((name) => ({
    name,
    dockerfile: 'docker/trivial',
    scripts: 'scripts/trivial/run.sh',
    n_gpus: '0',
    owner: 'bench',
    training_precision: '',
    tags: ['bench'],
    args: '',
  }));
  writeFileSync(join(folder, 'models.json'), JSON.stringify(cards));
  writeFileSync(join(folder, 'docker/trivial.Dockerfile'), `FROM ${base}\n`);
  writeFileSync(join(folder, 'scripts/trivial/run.sh'), 'echo "performance: 1 runs/s"\n');
}

function madengine(...args: string[]): void {
  const result = spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: 'utf8' });
  if (result.status !== 0)
    throw new Error(`madengine-cli ${args.join(' ')}: ${result.stdout}${result.stderr}`);
}

/** The same engine calls, with the options that our own plan shows. */
function bareRun(image: string, options: readonly string[]): void {
  const name = `madengine-bench-${process.pid}`;
  const docker = (...args: string[]): void => void execFileSync('docker', args, { stdio: 'ignore' });
  docker(
    'run',
    '-d',
    '--name',
    name,
    ...options,
    '--entrypoint',
    '/bin/sh',
    image,
    '-c',
    'while :; do sleep 3600; done',
  );
  docker('exec', name, '/bin/sh', '/mad/scripts/trivial/run.sh');
  docker('rm', '-f', name);
}

const byManifest = ['run', '--manifest-file', 'build_manifest.json'];
const one = [...byManifest, '--tags', 'trivial_0'];

makePackage();
try {
  madengine('build', '--tags', 'bench');
  const manifest = JSON.parse(readFileSync(join(folder, 'build_manifest.json'), 'utf8')) as {
    built_images: Record<string, { docker_image: string }>;
  };
  const image = Object.values(manifest.built_images)[0]?.docker_image ?? '';
  const options = [
    '--network',
    'host',
    '--ipc=host',
    '--user',
    'root',
    '--workdir',
    '/mad',
    '-v',
    `${folder}:/mad`,
  ];
  const { baseline, candidate, ratio } = await compare(
    { name: 'docker run -d, exec, rm -f', act: () => bareRun(image, options) },
    { name: 'madengine-cli run --manifest-file', act: () => madengine(...one) },
    { repeats: 11, warmUps: 2 },
  );
  report('trivial model by manifest, over the bare engine', ratio, 1.8);
  const plain = await compare(
    { name: 'docker run -d, exec, rm -f, again', act: () => bareRun(image, options) },
    { name: 'the same with --no-sys-env-details', act: () => madengine(...one, '--no-sys-env-details') },
    { repeats: 11, warmUps: 2 },
  );
  report('the same with --no-sys-env-details', plain.ratio, 1.8);
  const ten = await compare(
    { name: 'one model by manifest', act: () => madengine(...one) },
    { name: 'ten models by manifest', act: () => madengine(...byManifest) },
    { repeats: 5 },
  );
  report('ten trivial models by manifest, over ten times one', ten.ratio / models.length, 1);
  print('run-overhead', [
    ...[baseline, candidate, plain.baseline, plain.candidate],
    ...[ten.baseline, ten.candidate],
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
