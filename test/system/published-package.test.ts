import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { temporaryFolder } from './support/folder.ts';
import { runCli } from './support/program.ts';

test.each(['madengine', 'madengine-cli'] as const)(
  'the installed %s prints the version of its package',
  async (program) => {
    const manifest = join(inject('installed').packageFolder, 'package.json');
    const { version }: { version: string } = JSON.parse(await readFile(manifest, 'utf8'));
    const result = await runCli(['--version'], { cwd: await temporaryFolder(), program });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toContain(version);
  },
);

test('installing the package installs nothing else', async () => {
  const modules = join(inject('installed').packageFolder, '..');
  expect((await readdir(modules)).filter((name) => !name.startsWith('.'))).toEqual(['madengine']);
});

test('the package has what the program and its documentation name, and nothing of its development', async () => {
  const folder = inject('installed').packageFolder;
  const wanted = ['bin', 'capture', 'dist', 'docs', 'examples', 'python', 'schema', 'tools'];
  const files = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
  expect((await readdir(folder)).sort()).toEqual([...files, ...wanted].sort());
  const all = await readdir(folder, { recursive: true });
  expect(all.filter((name) => /\.test\.|__pycache__|node_modules|\.map$/.test(name))).toEqual([]);
});
