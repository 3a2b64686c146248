import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock } from '../../foundation/clock.ts';
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
    passes: false,
    message:
      'data "set" can\'t be had: custom: the script "../get.sh" is outside the package; local: mirrorlocal makes no sense here: local data is on this machine already; local: "/nowhere" is not on this machine',
  });
});

test('a server that does not answer may do so later, and a login without a place to use it never does', async () => {
  const around = await packageWith('get.sh');
  const minio = sourceOf('minio', 's3://bucket/set');
  // Tries that follow each other at once; the limit of the look itself stays.
  const sleep: Clock['sleep'] = (ms, signal) => systemClock.sleep(ms < 30_000 ? 0 : ms, signal);
  const ask = (more: object) =>
    chooseSource([sourceOf('local', '/nowhere'), minio], {
      ...around,
      clock: { ...systemClock, sleep },
      ...more,
    });
  const env = {
    MINIO_ENDPOINT: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'someone',
    AWS_SECRET_ACCESS_KEY: 'x',
  };
  await expect(ask({ env })).rejects.toMatchObject({ passes: true });
  await expect(ask({ env: {} })).rejects.toMatchObject({ passes: false });
});
