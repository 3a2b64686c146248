import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import { dataNamesOf, parseDataConfig, readDataConfig, sourcesOf } from './data-config.ts';

const read = (data: unknown) => parseDataConfig(data, 'data.json');
const kindsOf = (data: unknown, name: string) =>
  sourcesOf(name, read(data), undefined).map(({ kind }) => kind);
const failure = (act: () => unknown): { code: string; message: string; hint: string | undefined } => {
  try {
    act();
  } catch (error) {
    if (error instanceof MadError) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error('nothing was thrown');
};

const imagenet = { aws: { path: 's3://b/i' }, nas: { path: '/home/i' }, local: { path: '/data/i' } };

test('both shapes are read, and providers come in their documented order', () => {
  const order = ['local', 'nas', 'aws'];
  expect(kindsOf({ imagenet }, 'imagenet')).toEqual(order);
  expect(kindsOf({ data_sources: { imagenet } }, 'imagenet')).toEqual(order);
});

test('a source has the mirror that stands nearest; a forced one wins; local data has none', () => {
  const data = {
    mirrorlocal: '/top',
    data_sources: {
      a: {
        minio: { path: 's3://b/a', mirrorlocal: '/own' },
        aws: { path: 's3://b/a' },
        mirrorlocal: '/name',
      },
      b: { local: { path: '/b' }, aws: { path: 's3://b/b' } },
    },
  };
  const mirrors = (name: string, force?: string) =>
    sourcesOf(name, read(data), force).map(({ mirrorlocal }) => mirrorlocal);
  expect(mirrors('a')).toEqual(['/own', '/name']);
  expect(mirrors('b')).toEqual([undefined, '/top']);
  expect(mirrors('b', '/forced')).toEqual([undefined, '/forced']);
  expect(mirrors('a', '/forced')).toEqual(['/forced', '/forced']);
});

test('readwrite is true as a word, too', () => {
  for (const readwrite of [true, 'true', 'True']) {
    expect(sourcesOf('a', read({ a: { local: { path: '/a', readwrite } } }), undefined)[0]?.readwrite).toBe(
      true,
    );
  }
  expect(sourcesOf('a', read({ a: { local: { path: '/a' } } }), undefined)[0]?.readwrite).toBe(false);
});

test('what is unknown is kept and told with the name that was meant', () => {
  const { remarks } = read({
    data_sources: { a: { minoi: { path: 'x' }, local: { path: '/a', readwrit: true } } },
    other: 1,
  });
  expect(remarks).toEqual([
    'data.json: "other" beside data_sources has no effect: madengine doesn\'t know it',
    'data.json: key "readwrit" of "a", local has no effect: madengine doesn\'t know it (did you mean readwrite?)',
    'data.json: provider "minoi" of "a" has no effect: madengine doesn\'t know it (did you mean minio?)',
  ]);
});

test.each([
  [[], 'the whole document: expected record, found array'],
  ['x', 'the whole document: expected record, found string'],
  [{ a: 1 }, 'a: expected object, found number'],
  [{ a: { local: '/a' } }, 'a.local: expected object, found string'],
  [{ a: { local: {} } }, 'a.local.path: expected string, found nothing'],
  [{ a: { local: { path: '' } } }, 'a.local.path: expected text on one line'],
  [{ a: { aws: { path: 's3://a\u001b[2J' } } }, 'a.aws.path: expected text on one line'],
  [{ a: { aws: { path: 's3://a', home: 'data' } } }, 'a.aws.home: expected an absolute path'],
  [{ a: { aws: { path: 's3://a', home: '/data/../etc' } } }, 'a.aws.home: expected an absolute path'],
  [{ a: { aws: { path: 's3://a', mirrorlocal: '/' } } }, 'a.aws.mirrorlocal: expected an absolute path'],
  [{ data_sources: [] }, 'expected record, found array'],
  [{ data_sources: {}, mirrorlocal: 3 }, 'mirrorlocal: expected string, found number'],
])('%j is answered with what is wrong', (data, message) => {
  expect(failure(() => read(data))).toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining(message),
  });
});

test('a name that is not there is answered with the one that was meant', () => {
  expect(failure(() => sourcesOf('imagnet', read({ imagenet }), undefined))).toMatchObject({
    message: 'data.json has no data named "imagnet"',
    hint: 'Did you mean "imagenet"?',
  });
  expect(failure(() => sourcesOf('constructor', read({}), undefined)).message).toContain('no data named');
  expect(failure(() => sourcesOf('a', read({ a: { s4: {} } }), undefined)).message).toContain(
    'names no provider',
  );
});

test('an empty entry has no source, and is no mistake', () => {
  expect(sourcesOf('hub', read({ hub: {} }), undefined)).toEqual([]);
  expect(sourcesOf('hub', read({ hub: { mirrorlocal: '/m' } }), '/forced')).toEqual([]);
});

test('the names of a card are split at commas, each taken once', () => {
  expect(dataNamesOf(' a, b ,,a')).toEqual(['a', 'b']);
  expect(dataNamesOf('')).toEqual([]);
});

test('a named file comes first, then the first folder that has one; the context lies over them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'data-config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'data.json'), JSON.stringify({ imagenet, b: { local: { path: '/b' } } }));
  await writeFile(join(folder, 'own.json'), JSON.stringify({ c: { local: { path: '/c' } } }));
  const names = (file: string | undefined, contextData?: unknown) =>
    Object.keys(
      readDataConfig({ file, folders: [join(folder, 'none'), folder], contextData, providers: [] })?.names ??
        {},
    );
  expect(names(undefined)).toEqual(['imagenet', 'b']);
  expect(names(join(folder, 'own.json'))).toEqual(['c']);
  const config = readDataConfig({
    file: undefined,
    folders: [folder],
    contextData: { data_sources: { imagenet: { aws: { path: 's3://other' } } } },
    providers: [],
  });
  expect(config && sourcesOf('imagenet', config, undefined)).toMatchObject([
    { kind: 'aws', path: 's3://other' },
  ]);
  expect(readDataConfig({ file: undefined, folders: [], contextData: {}, providers: [] })).toBeUndefined();
  expect(failure(() => names(join(folder, 'none.json'))).code).toBe('FILE_NOT_FOUND');
});

test('providers of plugins come behind ours, with the keys of ours, and are known', () => {
  const written = { d: { http: { path: 'http://a/b', mirrorlocal: '/m' }, aws: { path: 's3://a' } } };
  const config = parseDataConfig(written, 'data.json', ['http']);
  expect(config.remarks).toEqual([]);
  expect(sourcesOf('d', config, undefined)).toMatchObject([
    { kind: 'aws' },
    { kind: 'http', path: 'http://a/b', mirrorlocal: '/m' },
  ]);
  expect(
    failure(() => parseDataConfig({ d: { http: { home: '/x' } } }, 'data.json', ['http'])).message,
  ).toContain('data.json, http of "d": path: expected string, found nothing');
});

test('whatever stands there is read or answered with an error of ours', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (data, name) => {
      try {
        sourcesOf(name, read(data), undefined);
      } catch (error) {
        expect(error).toBeInstanceOf(MadError);
      }
    }),
  );
});
