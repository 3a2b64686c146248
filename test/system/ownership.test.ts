import { execFile } from 'node:child_process';
import { chmod, chown, cp, lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { temporaryFolder } from './support/folder.ts';
import { runCli } from './support/program.ts';
import { readRows } from './support/results.ts';
import { goodScript, tinyPackage } from './support/tiny-package.ts';

const execute = promisify(execFile);
const user = 1500;
const asOther = { additional_docker_run_options: '--user 4321:99' };

async function everythingBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.map((entry) => join(entry.parentPath, entry.name));
}

test('for a user who is not root, no file of root is left, not even by a run that was ended by force', async (context) => {
  if (process.getuid?.() !== 0) context.skip('needs root to become another user');
  const socket = await stat('/var/run/docker.sock').catch(() => undefined);
  if (!socket) context.skip('the engine does not listen at /var/run/docker.sock');
  const writes = 'mkdir -p deep/er; echo x > deep/er/file; echo y > ../beside; chmod 0 deep\n';
  const folder = await tinyPackage([
    { name: 'ends', script: writes + goodScript },
    { name: 'hangs', script: `${writes}sleep 3000\n`, card: { timeout: 1 } },
    { name: 'other_ends', script: `umask 077\n${writes}${goodScript}`, card: asOther },
    { name: 'other_hangs', script: `${writes}sleep 3000\n`, card: { timeout: 1, ...asOther } },
  ]);
  // Another user may not look into root's folders.
  const program = join(await temporaryFolder(), 'madengine');
  await cp(inject('installed').packageFolder, program, { recursive: true });
  await chmod(dirname(program), 0o755);
  await chmod(dirname(folder), 0o755);
  for (const path of [folder, ...(await everythingBelow(folder))]) await chown(path, user, user);
  const node = join(program, 'node');
  await cp(await realpath(process.execPath), node);

  const args = ['--reuid', String(user), '--regid', String(user), '--groups', String(socket?.gid)];
  const cli = [node, join(program, 'bin/madengine-cli.cjs'), 'run', '--tags', 'all_of_them'];
  const env = { ...process.env, HOME: folder, NO_COLOR: '1' };
  const run = (more: string[]): Promise<object & { stdout: string; stderr: string }> =>
    execute('setpriv', [...args, ...cli, ...more], { cwd: folder, env }).catch(
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  const result = await run(['--keep-model-dir']);
  expect(result, result.stdout + result.stderr).toMatchObject({ code: 3 });
  expect((await readRows(join(folder, 'perf.csv'))).map((row) => row.status)).toEqual([
    'SUCCESS',
    'FAILURE',
    'SUCCESS',
    'FAILURE',
  ]);
  const all = await everythingBelow(folder);
  expect(all.filter((path) => path.endsWith('deep/er/file'))).toHaveLength(4);
  for (const path of all) expect((await stat(path).catch(() => ({ uid: user }))).uid, path).toBe(user);

  // Nor anything that its owner may not look into, where nothing was to be kept.
  const again = await run([]);
  expect(again.stdout + again.stderr).not.toContain('could be removed');
  expect((await everythingBelow(folder)).filter((path) => path.endsWith('deep/er/file'))).toHaveLength(4);
});

test('a card may have its container run as another user, who reaches the files of the run and leaves none', async () => {
  const folder = await tinyPackage([
    { name: 'other', script: `id -u; echo x > made\n${goodScript}`, card: asOther },
    { name: 'named', script: goodScript, card: { additional_docker_run_options: '-u nobody' } },
    { name: 'unknown', script: goodScript, card: { additional_docker_run_options: '-u nosuchuser' } },
  ]);
  const run = await runCli(['run', '--tags', 'all_of_them', '--live-output', '--keep-model-dir'], {
    cwd: folder,
  });
  expect(run.exitCode, run.stdout + run.stderr).toBe(3);
  expect(run.stdout).toContain('\n4321\n');
  expect(run.stdout + run.stderr).toContain('lacks the user that the container is to run as');
  expect((await readRows(join(folder, 'perf.csv'))).map((row) => row.status)).toEqual([
    'SUCCESS',
    'SUCCESS',
    'FAILURE',
  ]);
  const all = await everythingBelow(folder);
  expect(all.some((path) => path.endsWith('/made'))).toBe(true);
  for (const path of all) {
    const facts = await lstat(path);
    expect(facts.uid, path).toBe(process.getuid?.());
    if (path.endsWith('.run.live.log')) expect(facts.mode & 0o777, path).toBe(0o600);
  }
});
