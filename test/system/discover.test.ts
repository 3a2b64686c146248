import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { docSetups } from './support/doc-setups.ts';
import { temporaryFolder } from './support/folder.ts';
import { type ProgramResult, runCli } from './support/program.ts';

async function dummies(): Promise<string> {
  const folder = join(await temporaryFolder(), 'mad');
  await mkdir(folder);
  await docSetups.dummies?.(folder);
  return folder;
}

const discover = (
  cwd: string,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<ProgramResult> => runCli(['discover', ...args], { cwd, env });

test('both programs list every model and their number', async () => {
  const cwd = await dummies();
  for (const program of ['madengine', 'madengine-cli'] as const) {
    const result = await runCli(['discover'], { cwd, program });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout.trim().split('\n')).toEqual([
      'Number of models in total: 5',
      'dummy',
      'resnet',
      'bert',
      'dummy2/dummy_2',
      'dummy3/dummy_3',
    ]);
  }
});

test('into a pipe, tags give whole cards as JSON, with the arguments of the tag, and nothing else', async () => {
  const cwd = await dummies();
  const tag = 'dummy3:dummy_3:batch_size=512:in=32:out=16';
  const result = await discover(cwd, ['--tags', tag]);
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(result.stdout)).toEqual([
    {
      name: 'dummy3/dummy_3',
      dockerfile: 'docker/dummy',
      dockercontext: '',
      scripts: 'scripts/dummy3/run.sh',
      url: '',
      cred: '',
      data: '',
      n_gpus: '0',
      owner: '',
      training_precision: '',
      tags: ['models'],
      args: '--batch_size 512 --in 32 --out 16',
      timeout: 7200,
      multiple_results: '',
      skip_gpu_arch: '',
      additional_docker_run_options: '',
      is_deprecated: false,
      exclusive: false,
    },
  ]);
  // Four blanks, as tools that compare text expect.
  expect(result.stdout.startsWith('[\n    {\n        "name"')).toBe(true);
});

test('a notice goes to standard error, so that the JSON stays clean', async () => {
  const cwd = await dummies();
  const card = { name: 'a', dockerfile: 'docker/dummy', scripts: 'scripts/dummy', timout: 5 };
  await writeFile(join(cwd, 'models.json'), JSON.stringify([card]));
  const result = await discover(cwd, ['--json']);
  expect(JSON.parse(result.stdout).map(({ name }: { name: string }) => name)).toEqual([
    'a',
    'dummy2/dummy_2',
    'dummy3/dummy_3',
  ]);
  expect(result.stderr).toContain('did you mean timeout?');
});

test.each([
  ['a tag that matches nothing', ['--tags', 'dumy'], 1, 'dummy'],
  ['a tag that makes no sense', ['--tags', 'dummy:=3'], 4, 'dummy:=3'],
  ['an unknown option', ['--tgas', 'dummy'], 4, '--tags'],
])('%s has its exit code and a remedy', async (_what, args, exitCode, remedy) => {
  const result = await discover(await dummies(), args);
  expect(result).toMatchObject({ exitCode, stdout: '' });
  expect(result.stderr).toContain(remedy);
  expect(result.stderr).not.toContain('    at ');
});

test('a folder without a package is told, and how to name one', async () => {
  const result = await discover(await temporaryFolder());
  expect(result.exitCode).toBe(4);
  expect(result.stderr).toContain('MODEL_DIR=');
});

test('MODEL_DIR brings the package, also for a manifest', async () => {
  const package_ = await dummies();
  const cwd = await temporaryFolder();
  const env = { MODEL_DIR: package_ };
  const first = await discover(cwd, ['--tags', 'dummy'], env);
  expect(first.exitCode).toBe(0);
  expect(JSON.parse(first.stdout)).toHaveLength(1);
  expect(first.stderr).toContain(`copied from ${package_}`);
  const second = await discover(cwd, ['--tags', 'dummy'], env);
  expect(second).toMatchObject({ exitCode: 0, stderr: '' });

  const built = await runCli(['build', '--tags', 'dummy'], { cwd: package_ });
  expect(built.exitCode, built.stdout + built.stderr).toBe(0);
  const elsewhere = await temporaryFolder();
  await cp(join(package_, 'build_manifest.json'), join(elsewhere, 'build_manifest.json'));
  const run = await runCli(['run', '--manifest-file', 'build_manifest.json'], { cwd: elsewhere, env });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
});

test('a MODEL_DIR that is not there is a warning, and the current folder counts', async () => {
  const result = await discover(await dummies(), ['--tags', 'dummy'], { MODEL_DIR: '/nowhere/at/all' });
  expect(result.exitCode).toBe(0);
  expect(result.stderr).toContain('there is no folder /nowhere/at/all');
  expect(JSON.parse(result.stdout)).toHaveLength(1);
});

test('MAD_SETUP_MODEL_DIR without MODEL_DIR says what is missing', async () => {
  const result = await discover(await dummies(), [], { MAD_SETUP_MODEL_DIR: 'true' });
  expect(result.exitCode).toBe(0);
  expect(result.stderr).toContain('MODEL_DIR names no folder');
});

test.each([
  ['script', { scripts: 'scripts/dummy/rnu.sh' }, 'key scripts', 'scripts/dummy/run.sh'],
  ['Dockerfile', { dockerfile: 'docker/dumyy' }, 'key dockerfile', 'docker/dummy'],
])('a missing %s ends a build before it begins', async (_what, more, key, near) => {
  const cwd = await dummies();
  const good = {
    name: 'good',
    dockerfile: 'docker/dummy',
    scripts: 'scripts/dummy/run.sh',
    n_gpus: '0',
    tags: ['t'],
  };
  await writeFile(join(cwd, 'models.json'), JSON.stringify([good, { ...good, name: 'wrong', ...more }]));
  const result = await runCli(['build', '--tags', 't'], { cwd });
  expect(result.exitCode, result.stdout + result.stderr).toBe(4);
  expect(result.stderr).toContain(`models.json, model "wrong", ${key}`);
  expect(result.stderr).toContain(near);
  expect(result.stdout).not.toContain('ci-good');
});
