import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { closeLog, letIn } from './other-user.ts';
import { userAsked } from './user-asked.ts';

test.each<[string, string | undefined]>([
  ['', undefined],
  ['--shm-size 16G', undefined],
  ['--user nobody', 'nobody'],
  ['--user=1000:44', '1000:44'],
  ['-u 1000', '1000'],
  ['-u1000', '1000'],
  ['-itu 1000', '1000'],
  ['-u=1000', '1000'],
  ['--user nobody --user root', undefined],
  ['--user 0:44', undefined],
  ['--user root:video', undefined],
  ['--user rootless', 'rootless'],
  ['--userns=host --ulimit nofile=64', undefined],
  ['--user', undefined],
])('the options %j give the container the user %j', (text, user) => {
  expect(userAsked(text === '' ? [] : text.split(' '))).toBe(user);
});

test('folders of the run are opened, and nothing that they lead to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'madengine-user-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const made = async (path: string, mode: number): Promise<void> => {
    await writeFile(join(folder, path), '');
    await chmod(join(folder, path), mode);
  };
  for (const path of ['control', 'workspace/run_directory'])
    await mkdir(join(folder, path), { recursive: true });
  await chmod(join(folder, 'control'), 0o700);
  await made('mine', 0o600);
  await made('control/stages.sh', 0o600);
  await made('workspace/run_directory/run.sh', 0o750);
  await symlink(join(folder, 'mine'), join(folder, 'workspace/link'));
  await letIn(folder);
  const modeOf = async (path: string): Promise<string> =>
    ((await stat(join(folder, path))).mode & 0o777).toString(8);
  const paths = ['control', 'control/stages.sh', 'workspace/run_directory/run.sh', 'mine'];
  expect(await Promise.all(paths.map(modeOf))).toEqual(['777', '666', '777', '600']);
  await made('control/stages.tsv', 0o666);
  await chmod(join(folder, 'mine'), 0o644);
  await symlink(join(folder, 'mine'), join(folder, 'control/output.log'));
  await closeLog(folder);
  expect(await Promise.all(['control/stages.tsv', 'mine'].map(modeOf))).toEqual(['600', '644']);
});
