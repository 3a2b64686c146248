import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stateFolder, stateFolderIfThere } from './state-folder.ts';

function temporaryRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'madengine-state-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  return root;
}

test.each([
  ['a file', (path: string) => writeFileSync(path, '')],
  ['a link to nowhere', (path: string) => symlinkSync(`${path}-of-nobody`, path)],
  ['a link to itself', (path: string) => symlinkSync('.madengine', path)],
])('%s in the place of the folder is named, with the way out', (_, make) => {
  const root = temporaryRoot();
  make(join(root, '.madengine'));
  expect(stateFolderIfThere(root)).toBe(false);
  expect(() => stateFolder(root)).toThrow(
    expect.objectContaining({
      code: 'NOT_WRITABLE',
      message: expect.stringContaining(join(root, '.madengine')),
      hint: expect.stringContaining('--output'),
    }),
  );
});

test('a link to a folder is one', () => {
  const root = temporaryRoot();
  mkdirSync(join(root, 'elsewhere'));
  symlinkSync('elsewhere', join(root, '.madengine'));
  expect(stateFolder(root)).toBe(join(root, '.madengine'));
  expect(stateFolderIfThere(root)).toBe(true);
});
