import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Scrubber, Secret } from '../../foundation/secret.ts';
import { collectToolOutputs, nameOutputs } from './collect-tool-outputs.ts';

let runFolder = '';
let workspace = '';
beforeEach(async () => {
  runFolder = await mkdtemp(join(tmpdir(), 'tool-outputs-'));
  workspace = join(runFolder, 'workspace');
  await mkdir(join(workspace, 'run_directory'), { recursive: true });
});
afterEach(() => rm(runFolder, { recursive: true }));

const write = async (path: string, text = path) => {
  await mkdir(join(workspace, path, '..'), { recursive: true });
  await writeFile(join(workspace, path), text);
};
const collect = (more: Partial<Parameters<typeof collectToolOutputs>[0]> = {}) =>
  collectToolOutputs({
    patterns: [],
    workspace,
    modelDir: 'run_directory',
    runFolder,
    notBefore: new Date(Date.now() - 60_000),
    scrubber: new Scrubber([new Secret('token', 's3cret-t0ken')]),
    taken: new Set(),
    keepOriginals: false,
    ...more,
  });
const kept = (path: string) => readFile(join(runFolder, 'artifacts', path), 'utf8');

test('outputs of the working folder and of the model become artifacts with size and hash; other files stay', async () => {
  await write('rocprof_output/host/1_results.db', 'data');
  await write('run_directory/x.rpd');
  await write('run_directory/weights.bin');
  const { artifacts, names, warnings } = await collect();
  expect(artifacts).toEqual([
    {
      path: 'artifacts/rocprof_output/host/1_results.db',
      bytes: 4,
      sha256: createHash('sha256').update('data').digest('hex'),
    },
    expect.objectContaining({ path: 'artifacts/x.rpd', bytes: 19 }),
  ]);
  expect([names, warnings]).toEqual([['rocprof_output', 'x.rpd'], []]);
  expect(await kept('x.rpd')).toBe('run_directory/x.rpd');
  expect(await readdir(join(workspace, 'run_directory'))).toEqual(['weights.bin']);
});

test("a tool's own names count, with * for anything but a folder", async () => {
  await write('run_directory/my-1.log');
  await write('run_directory/my.txt');
  const { names } = await collect({ patterns: ['my-*.log', 'm[y].txt'] });
  expect(names).toEqual(['my-1.log']);
});

test('a secret is masked, and a warning tells that the file may be spoilt', async () => {
  await write('a_output.csv', 'x,s3cret-t0ken,y');
  const { artifacts, warnings } = await collect();
  expect(await kept('a_output.csv')).toBe('x,******,y');
  expect(artifacts[0]?.bytes).toBe(10);
  expect(warnings).toEqual([expect.stringMatching(/^a_output\.csv held a secret/)]);
});

test('links, pipes, files that are older than the run, names with control characters and holes are left out', async () => {
  await mkdir(join(workspace, 'b_output'));
  await symlink('/etc/passwd', join(workspace, 'a_output.csv'));
  await symlink('/etc', join(workspace, 'c_output'));
  await symlink('/etc/passwd', join(workspace, 'b_output/passwd'));
  execFileSync('mkfifo', [join(workspace, 'b_output/pipe')]);
  await write('old_output.csv');
  await utimes(join(workspace, 'old_output.csv'), 1, 1);
  await write('b_output/new\nline');
  await write('holes_output.csv', '');
  await truncate(join(workspace, 'holes_output.csv'), 2 ** 41);
  const { artifacts, warnings } = await collect();
  expect(artifacts).toEqual([]);
  expect(warnings).toEqual([
    expect.stringContaining(String.raw`new\nline`),
    expect.stringContaining('mostly holes'),
  ]);
});

test('warnings about outputs stay few', async () => {
  for (let index = 0; index < 150; index++) await write(`a_output/${index}\n`);
  const { warnings } = await collect();
  expect(warnings).toHaveLength(101);
  expect(warnings.at(-1)).toBe('50 more warnings about outputs of tools were left out');
});

test('a model folder that became a link leads nowhere', async () => {
  const other = await mkdtemp(join(tmpdir(), 'tool-outputs-other-'));
  await writeFile(join(other, 'x.rpd'), 'of the host');
  await rm(join(workspace, 'run_directory'), { recursive: true });
  await symlink(other, join(workspace, 'run_directory'));
  expect((await collect()).artifacts).toEqual([]);
  expect(await readdir(other)).toEqual(['x.rpd']);
  await rm(other, { recursive: true });
});

test('a file with a second name elsewhere is copied, so that nobody can change what was kept', async () => {
  await write('a_output.csv', 'first');
  await link(join(workspace, 'a_output.csv'), join(workspace, 'elsewhere'));
  await collect();
  await writeFile(join(workspace, 'elsewhere'), 'other');
  expect(await kept('a_output.csv')).toBe('first');
});

test('what is an artifact already is not taken again, and kept folders keep their files', async () => {
  await write('a_output.csv', '1');
  await write('b_output.csv', '2');
  const { names } = await collect({ taken: new Set(['artifacts/a_output.csv']), keepOriginals: true });
  expect(names).toEqual(['b_output.csv']);
  expect(await readFile(join(workspace, 'b_output.csv'), 'utf8')).toBe('2');
});

test('outputs stand beside perf.csv, the last run whole; what is no name of an output never does', async () => {
  const results = join(runFolder, 'results');
  await mkdir(join(results, 'a_output'), { recursive: true });
  await writeFile(join(results, 'a_output/of-the-run-before'), '');
  await writeFile(join(results, 'models.json'), 'mine');
  await writeFile(join(results, 'perf_trace.csv'), 'mine');
  await write('a_output/x/y', 'new');
  await write('models.json', 'theirs');
  await write('perf_trace.csv', 'theirs');
  await write('library_trace.csv', 'calls');
  const { names } = await collect({ patterns: ['models.json'] });
  expect(names).toHaveLength(4);
  expect(await nameOutputs(names, runFolder, results)).toEqual([
    join(results, 'a_output'),
    join(results, 'library_trace.csv'),
  ]);
  expect((await readdir(results)).sort()).toEqual([
    'a_output',
    'library_trace.csv',
    'models.json',
    'perf_trace.csv',
  ]);
  expect(await readdir(join(results, 'a_output'), { recursive: true })).toEqual(['x', 'x/y']);
  expect(await readFile(join(results, 'models.json'), 'utf8')).toBe('mine');
  expect(await readFile(join(results, 'perf_trace.csv'), 'utf8')).toBe('mine');
});

test('two runs that end at the same time leave the outputs of one of them whole, and nothing else', async () => {
  const results = join(runFolder, 'results');
  await mkdir(results);
  const runs = ['1', '2', '3'].map((run) => join(runFolder, run));
  for (const run of runs) {
    await mkdir(join(run, 'artifacts/a_output'), { recursive: true });
    for (const name of ['x', 'y']) await writeFile(join(run, 'artifacts/a_output', name), run);
  }
  await Promise.all([...runs, ...runs].map((run) => nameOutputs(['a_output'], run, results)));
  expect(await readdir(results)).toEqual(['a_output']);
  const texts = await Promise.all(
    ['x', 'y'].map((name) => readFile(join(results, 'a_output', name), 'utf8')),
  );
  expect(texts[0]).toBe(texts[1]);
});
