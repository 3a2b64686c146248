import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hiddenIn, locateScript, prepareRunFolder } from './run-folder.ts';

let folder = '';
let packageDir = '';

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'run-folder-')));
  packageDir = join(folder, 'mad');
  await mkdir(join(packageDir, 'scripts', 'common'), { recursive: true });
  await mkdir(join(packageDir, 'scripts', 'x'), { recursive: true });
  await writeFile(join(packageDir, 'scripts', 'x', 'run.sh'), 'echo hi\n', { mode: 0o755 });
  await writeFile(join(packageDir, 'scripts', 'common', 'tool.sh'), 'echo tool\n');
  await writeFile(join(packageDir, 'credential.json'), '{}');
  await writeFile(join(packageDir, 'data.json'), '{}');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const prepare = (resultFile = '') =>
  prepareRunFolder({
    runFolder: join(folder, 'run'),
    packageDir,
    scriptsDir: 'scripts/x',
    modelDir: 'run_directory',
    packageAsSeen: '/madpackage',
    resultFile,
  });

test('the scripts are copied with their modes, and the rest of the package is linked', async () => {
  await prepare();
  const workspace = join(folder, 'run', 'workspace');
  expect(await readFile(join(workspace, 'run_directory', 'run.sh'), 'utf8')).toBe('echo hi\n');
  expect((await stat(join(workspace, 'run_directory', 'run.sh'))).mode & 0o777).toBe(0o755);
  expect(await readFile(join(workspace, 'scripts', 'common', 'tool.sh'), 'utf8')).toBe('echo tool\n');
  expect(await readlink(join(workspace, 'scripts', 'x'))).toBe('/madpackage/scripts/x');
  expect(await readlink(join(workspace, 'data.json'))).toBe('/madpackage/data.json');
});

test("what earlier runs left in the package is not in the place of this run's results", async () => {
  for (const name of ['r.csv', 'other.csv', 'earlier.csv', 'results_summary.json', 'perf.csv'])
    await writeFile(join(packageDir, name), '');
  const marks = join(packageDir, '.madengine', 'result-files');
  await mkdir(marks, { recursive: true });
  await writeFile(join(marks, 'earlier.csv.sha256'), '');
  await prepare('./r.csv');
  const workspace = join(folder, 'run', 'workspace');
  expect((await readdir(workspace)).sort()).toEqual(['data.json', 'other.csv', 'run_directory', 'scripts']);
});

test('credential.json is neither linked nor visible', async () => {
  await prepare();
  await expect(readlink(join(folder, 'run', 'workspace', 'credential.json'))).rejects.toThrow();
  expect(await hiddenIn(packageDir, folder)).toEqual([{ path: 'credential.json', kind: 'file' }]);
});

test('key files that credentials name are not visible either', async () => {
  await mkdir(join(packageDir, 'keys'));
  await writeFile(join(packageDir, 'keys', 'id'), 'key');
  expect(await hiddenIn(packageDir, folder, ['keys/id', 'keys/missing'])).toEqual([
    { path: 'credential.json', kind: 'file' },
    { path: 'keys/id', kind: 'file' },
  ]);
});

test('folders of campaigns, where the logins of this one lie, are hidden wherever they are in the package', async () => {
  const credentials = { path: 'credential.json', kind: 'file' };
  const own = { path: '.madengine', kind: 'folder' };
  const other = { path: 'results/..a/.madengine', kind: 'folder' };
  const resultsRoot = join(packageDir, 'results', '..a');
  await mkdir(join(resultsRoot, '.madengine'), { recursive: true });
  expect(await hiddenIn(packageDir, resultsRoot)).toEqual([credentials, other]);
  await mkdir(join(packageDir, '.madengine'));
  expect(await hiddenIn(packageDir, resultsRoot)).toEqual([credentials, own, other]);
  expect(await hiddenIn(packageDir, packageDir)).toEqual([credentials, own]);
  expect(await hiddenIn(packageDir, folder)).toEqual([credentials, own]);
});

test('a link out of the package is refused, one within it is followed', async () => {
  await symlink('../common/tool.sh', join(packageDir, 'scripts', 'x', 'inside.sh'));
  await prepare();
  expect(await readFile(join(folder, 'run', 'workspace', 'run_directory', 'inside.sh'), 'utf8')).toBe(
    'echo tool\n',
  );
  await symlink('/etc/hostname', join(packageDir, 'scripts', 'x', 'outside'));
  await rm(join(folder, 'run'), { recursive: true });
  await expect(prepare()).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining('scripts/x/outside'),
  });
});

test('a link to its own folder ends in an error, not in an endless copy', async () => {
  await symlink('.', join(packageDir, 'scripts', 'x', 'again'));
  await expect(prepare()).rejects.toMatchObject({ code: 'INVALID_FILE' });
});

test('scripts is a folder with run.sh, or a file', async () => {
  expect(await locateScript(packageDir, 'scripts/x')).toEqual({ dir: 'scripts/x', file: 'run.sh' });
  expect(await locateScript(packageDir, 'scripts/x/run.sh')).toEqual({ dir: 'scripts/x', file: 'run.sh' });
  await expect(locateScript(packageDir, 'scripts/y')).rejects.toMatchObject({ code: 'INVALID_FILE' });
});
