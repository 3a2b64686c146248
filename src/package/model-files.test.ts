import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseCard } from './card-schema.ts';
import { requireModelFiles } from './model-files.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'madengine-model-files-'));
  const files = [
    'models.json',
    'docker/dummy.ubuntu.amd.Dockerfile',
    'docker/plain',
    'docker/ignored.dockerignore',
    'scripts/dummy/run.sh',
    'scripts/empty/README',
    'scripts/py/get_models_json.py',
  ];
  for (const path of files) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), '');
  }
});
afterEach(() => rm(root, { recursive: true, force: true }));

const good = { name: 'm', dockerfile: 'docker/dummy', scripts: 'scripts/dummy/run.sh' };

async function problem(more: object, dir?: string, dockerfiles = true): Promise<string> {
  const card = parseCard({ ...good, ...more }, { file: 'x', index: 0 }, dir);
  return requireModelFiles(root, [card], { dockerfiles }).then(
    () => '',
    (error: { code: string; message: string; hint: string }) =>
      `${error.code}: ${error.message} ${error.hint}`,
  );
}

test.each([
  ['a script and a Dockerfile', {}],
  ['a folder with run.sh', { scripts: 'scripts/dummy' }],
  ['a Dockerfile of exactly that name', { dockerfile: 'docker/plain' }],
  ['a ready image', { dockerfile: '', env_vars: { DOCKER_IMAGE_NAME: 'x' } }],
])('%s: nothing is missing', async (_what, more) => {
  expect(await problem(more)).toBe('');
});

test.each([
  [
    'no such script',
    { scripts: 'scripts/dummy/rnu.sh' },
    /there is no "scripts\/dummy\/rnu.sh".*mean "scripts\/dummy\/run.sh"/,
  ],
  [
    'no such folder',
    { scripts: 'scripts/dumy' },
    /key scripts: there is no "scripts\/dumy".*mean "scripts\/dummy"/,
  ],
  ['a folder without run.sh', { scripts: 'scripts/empty' }, /the folder "scripts\/empty" holds no run.sh/],
  ['a script below a file', { scripts: 'models.json/run.sh' }, /there is no "models.json\/run.sh"/],
  [
    'no Dockerfile',
    { dockerfile: 'docker/dumyy' },
    /key dockerfile: there is no Dockerfile "docker\/dumyy".*mean "docker\/dummy"/,
  ],
  ['no folder of Dockerfiles', { dockerfile: 'dokcer/dummy' }, /key dockerfile/],
  ['an ignore list alone', { dockerfile: 'docker/ignored' }, /key dockerfile/],
])('%s is told with file, model and key', async (_what, more, expected) => {
  const found = await problem(more);
  expect(found).toMatch(/^INVALID_FILE: models.json, model "m", key /);
  expect(found).toMatch(expected);
});

test('the file is that of the folder whose model it is', async () => {
  const found = await problem({ dockerfile: '../../docker/dummy', scripts: 'go.sh' }, 'py');
  expect(found).toContain('scripts/py/get_models_json.py, model "py/m", key scripts');
});

test('who has an image needs no Dockerfile', async () => {
  expect(await problem({ dockerfile: 'docker/none' }, undefined, false)).toBe('');
});
