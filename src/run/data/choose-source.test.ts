import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { chooseSource } from './choose-source.ts';
import { fakeAround } from './fake-around.ts';
import type { DataSource, ProviderKind } from './provider.ts';

const sourceOf = (kind: ProviderKind, path: string, more: Partial<DataSource> = {}): DataSource => ({
  name: 'set',
  kind,
  path,
  readwrite: false,
  args: '',
  ...more,
});

async function packageWith(script: string) {
  const folder = await mkdtemp(join(tmpdir(), 'choose-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, script), 'true');
  return fakeAround(folder);
}

test('the first source that can be used is taken, and what is wrong with those before it is told', async () => {
  const around = await packageWith('get.sh');
  const chosen = await chooseSource([sourceOf('custom', 'gone.sh'), sourceOf('local', 'get.sh')], around);
  expect(chosen).toMatchObject({ source: { kind: 'local' }, unreachable: undefined });
  expect(around.events).toMatchObject([
    {
      code: 'DATA_SOURCE_UNUSABLE',
      message: 'data set, custom: the package has no script "gone.sh"; taking local',
    },
  ]);
});

test('where none can be used, every reason is told', async () => {
  const around = await packageWith('get.sh');
  const sources = [
    sourceOf('custom', '../get.sh'),
    sourceOf('local', '/', { mirrorlocal: '/mirror' }),
    sourceOf('local', '/nowhere'),
  ];
  await expect(chooseSource(sources, around)).rejects.toMatchObject({
    code: 'DATA_UNAVAILABLE',
    message:
      'data "set" can\'t be had: custom: the script "../get.sh" is outside the package; local: mirrorlocal makes no sense here: local data is on this machine already; local: "/nowhere" is not on this machine',
  });
});
