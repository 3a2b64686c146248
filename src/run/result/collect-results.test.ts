import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Scrubber, Secret } from '../../foundation/secret.ts';
import { type Collected, metricsOfFile } from './collect-results.ts';

let folder = '';
let workspace = '';
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'collect-results-')));
  workspace = join(folder, 'workspace');
  await mkdir(join(workspace, 'run_directory'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const collect = (file = 'r.csv', outputCsv = ''): Promise<Collected> =>
  metricsOfFile({
    file,
    workspace,
    modelDir: 'run_directory',
    workspaceAsSeen: '/myworkspace',
    outputCsv,
    runFolder: folder,
    notBefore: new Date(0),
    scrubber: new Scrubber([new Secret('TOKEN', 'hush-hush-1')]),
  });
const kept = (): Promise<string[]> => readdir(join(folder, 'artifacts')).catch(() => []);

test('a result file is kept as an artifact without the secrets in it', async () => {
  await writeFile(
    join(workspace, 'run_directory', 'r.csv'),
    'model,performance,metric,note\na,1,x/s,hush-hush-1\n',
  );
  const { metrics, artifacts } = await collect();
  const text = 'model,performance,metric,note\na,1,x/s,******\n';
  expect(await readFile(join(folder, 'artifacts', 'r.csv'), 'utf8')).toBe(text);
  expect(artifacts).toMatchObject([{ path: 'artifacts/r.csv', bytes: text.length }]);
  expect(metrics).toMatchObject([{ row: 'a', value: 1 }]);
});

test('a file of 200 GB with nothing in it is not copied', async () => {
  const file = join(workspace, 'r.csv');
  await writeFile(file, '');
  await truncate(file, 200e9);
  const { artifacts, problem } = await collect();
  expect(problem?.message).toContain('more than the');
  expect([artifacts, await kept()]).toEqual([[], []]);
});

test.each(['../r.csv', '/etc/passwd', 'a/../../r.csv'])('%s is no result file of the run', async (file) => {
  await writeFile(join(folder, 'r.csv'), 'model,performance,metric\na,1,x\n');
  expect((await collect(file)).problem?.message).toContain('outside');
});

test('a link to a file of the host, or through a folder of the host, is not followed', async () => {
  await writeFile(join(folder, 'r.csv'), 'model,performance,metric\na,1,x\n');
  await symlink('../r.csv', join(workspace, 'r.csv'));
  await symlink('..', join(workspace, 'out'));
  for (const file of ['r.csv', 'out/r.csv']) {
    expect(await collect(file)).toMatchObject({ metrics: [], artifacts: [] });
  }
  expect(await kept()).toEqual([]);
});

const table = (model: string): string => `model,performance,metric\n${model},1,x/s\n`;

test.each([
  ['the working folder', ['r.csv', 'run_directory/r.csv', 'out/r.csv'], 'r.csv'],
  ["the model's folder", ['run_directory/r.csv', 'out/r.csv'], 'run_directory/r.csv'],
  ['where MAD_OUTPUT_CSV points', ['out/r.csv'], 'out/r.csv'],
])('a result file is taken from %s before the places behind it', async (_, files, expected) => {
  await mkdir(join(workspace, 'out'));
  for (const file of files) await writeFile(join(workspace, file), table(file));
  expect((await collect('r.csv', '/myworkspace/out/r.csv')).metrics).toMatchObject([{ row: expected }]);
});

test.each([
  ['other.csv', 'run_directory/other.csv'],
  ['../out/other.csv', 'out/other.csv'],
])('MAD_OUTPUT_CSV=%s is relative to the folder in which the script starts', async (value, file) => {
  await mkdir(join(workspace, 'out'));
  await writeFile(join(workspace, file), table('a'));
  expect((await collect('r.csv', value)).metrics).toMatchObject([{ row: 'a', value: 1 }]);
});

test.each(['/etc/passwd', '../../r.csv', '/myworkspace/../r.csv', '/myworkspace'])(
  'MAD_OUTPUT_CSV=%s names nothing of the run',
  async (value) => {
    await writeFile(join(folder, 'r.csv'), table('outside'));
    expect(await collect('r.csv', value)).toMatchObject({
      metrics: [],
      problem: { message: 'the result file r.csv was not written' },
    });
  },
);
