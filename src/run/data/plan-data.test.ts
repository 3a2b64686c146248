import { expect, test } from 'vitest';
import { type DataPlaces, planData } from './plan-data.ts';
import type { DataSource, ProviderKind } from './provider.ts';

const places: DataPlaces = {
  engine: 'docker',
  runFolder: '/run',
  packageDir: '/mad',
  hidden: [
    { path: 'credential.json', kind: 'file' },
    { path: '.madengine', kind: 'folder' },
  ],
  giveBackTo: undefined,
};
const sourceOf = (
  name: string,
  kind: ProviderKind,
  path: string,
  more: Partial<DataSource> = {},
): DataSource => ({
  name,
  kind,
  path,
  readwrite: false,
  args: '',
  ...more,
});

test('each name has its home, counted in the order of the card; the model gets all of them', () => {
  const { env, mounts } = planData(
    [
      sourceOf('a', 'local', '/data/a'),
      sourceOf('b', 'minio', 's3://x/b', { home: '/sets/b' }),
      sourceOf('c', 'aws', 's3://x/c', { mirrorlocal: '/mirror' }),
      sourceOf('d', 'custom', 'get.sh'),
    ],
    places,
  );
  expect(env).toEqual({
    MAD_DATANAME: 'a,b,c,d',
    MAD_DATAHOME: '/data_dlm_0,/sets/b,/data_dlm_2,/data_dlm_3',
  });
  expect(mounts).toEqual([
    { host: '/data/a', container: '/data_dlm_0', readOnly: true },
    { host: '/run/data/1', container: '/sets/b', readOnly: false },
    { host: '/mirror/c', container: '/data_dlm_2', readOnly: false },
  ]);
});

test('a name without a source is told to the model, and has no home', () => {
  expect(planData([], places, ['hub']).env).toEqual({ MAD_DATANAME: 'hub' });
  expect(planData([sourceOf('a', 'local', '/data/a')], places, ['hub', 'a']).env).toEqual({
    MAD_DATANAME: 'hub,a',
    MAD_DATAHOME: '/data_dlm_0',
  });
});

test('without a container the model gets the paths of this machine', () => {
  const { env, lastStages } = planData(
    [
      sourceOf('a', 'local', 'data'),
      sourceOf('b', 'custom', 'get.sh'),
      sourceOf('c', 'nas', '/c', { home: '/c' }),
    ],
    { ...places, engine: 'host', giveBackTo: { uid: 1, gid: 1 } },
  );
  expect(env.MAD_DATAHOME).toBe('/mad/data,/run/data/1,/run/data/2');
  expect(lastStages).toEqual([]);
});

test('secrets of a package stay hidden where it is data itself, and are no data', () => {
  expect(planData([sourceOf('a', 'local', '/')], places).mounts).toEqual([
    { host: '/', container: '/data_dlm_0', readOnly: true },
    { host: '/dev/null', container: '/data_dlm_0/mad/credential.json', readOnly: true },
    { host: '/run/empty', container: '/data_dlm_0/mad/.madengine', readOnly: true },
  ]);
  for (const path of ['credential.json', '.madengine', '.madengine/campaigns']) {
    expect(() => planData([sourceOf('a', 'local', path)], places)).toThrow('is no data for models');
  }
});

test.each(['/myworkspace', '/madengine/x', '/madpackage', '//madengine/'])('%s is no home', (home) => {
  expect(() => planData([sourceOf('a', 'minio', 's3://a', { home })], places)).toThrow(
    'the run itself lies there',
  );
});

test('two names have two homes', () => {
  const two = [
    sourceOf('a', 'minio', 's3://a', { home: '/x' }),
    sourceOf('b', 'aws', 's3://b', { home: '/x/' }),
  ];
  expect(() => planData(two, places)).toThrow('data "a" lies there already');
});

test('what a model writes is handed to its owner, but not local data', () => {
  const { lastStages, passing } = planData(
    [
      sourceOf('a', 'local', '/a', { readwrite: true }),
      sourceOf('b', 'minio', 's3://b'),
      sourceOf('c', 'custom', 'x.sh', { mirrorlocal: '/mirror' }),
    ],
    { ...places, giveBackTo: { uid: 1000, gid: 100 } },
  );
  expect(passing).toEqual(['/data_dlm_1']);
  expect(lastStages).toMatchObject([{ name: 'give_back', always: true }]);
  expect(JSON.stringify(lastStages)).toContain('1000:100');
  expect(JSON.stringify(lastStages)).not.toContain('/data_dlm_0');
});
