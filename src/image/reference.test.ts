import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import { credentialsOf } from './fixture.ts';
import { parseImageReference, printImageReference, registryImage, withDigest } from './reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const label = fc.stringMatching(/^[a-z0-9]{1,6}((\.|_|__|-{1,3})[a-z0-9]{1,6}){0,2}$/);
const references = fc.record({
  host: fc.option(
    fc.oneof(
      fc.constantFrom('localhost', 'localhost:5000', 'gcr.io', 'Registry', '[::1]:5000'),
      fc.stringMatching(/^[a-z0-9]{1,5}\.[a-z]{2,3}(:[1-9][0-9]{1,3})?$/),
    ),
    { nil: undefined },
  ),
  path: fc.array(label, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
  tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/), { nil: undefined }),
  digest: fc.option(fc.constant(digest), { nil: undefined }),
});

test('every reference is read back from what is printed', () => {
  const readable = references.filter(
    // `a.b/c` without a host would be the host `a.b`.
    ({ host, path }) =>
      host !== undefined || !path.includes('/') || !/^(localhost$|[^/]*\.)/.test(path.split('/')[0] ?? ''),
  );
  fc.assert(
    fc.property(readable, (reference) => {
      expect(parseImageReference(printImageReference(reference))).toEqual(reference);
    }),
  );
});

test('a text is printed as it was read, or refused', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-z.:/@_-]{0,20}$/));
  fc.assert(
    fc.property(text, (any) => {
      try {
        expect(printImageReference(parseImageReference(any))).toBe(any);
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
      }
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['rocm/pytorch:latest', undefined, 'rocm/pytorch', 'latest'],
  ['localhost:5000/x', 'localhost:5000', 'x', undefined],
  ['localhost/x:1', 'localhost', 'x', '1'],
  ['x:5000', undefined, 'x', '5000'],
  ['gcr.io/ml-bench/ci-x', 'gcr.io', 'ml-bench/ci-x', undefined],
])('%s is taken apart as the engines do', (text, host, path, tag) => {
  expect(parseImageReference(text)).toEqual({ host, path, tag, digest: undefined });
});

test.each([
  '',
  'A',
  'a b',
  'a/',
  '/a',
  'a:',
  'a:b:c',
  'a@sha256:12',
  'a..b',
  'x/y:t/z',
  '-h.io/x',
  'http://a/b',
  `${'a/'.repeat(200)}b`,
])('%j is no reference', (text) => {
  expect(() => parseImageReference(text)).toThrow(MadError);
});

test('a digest takes the place of the tag', () => {
  expect(withDigest('localhost:5000/x:1', digest)).toBe(`localhost:5000/x@${digest}`);
});

const image = 'ci-dummy_dummy.ubuntu.amd';

test.each([
  ['localhost:5000', {}, `localhost:5000/${image}`],
  ['http://localhost:5000/', {}, `localhost:5000/${image}`],
  ['gcr.io/ml-bench', {}, `gcr.io/ml-bench/${image}`],
  // The entry of the host alone names no repository for a path.
  ['gcr.io/ml-bench', { 'gcr.io': { repository: 'other' } }, `gcr.io/ml-bench/${image}`],
  [
    'localhost:5000',
    { 'localhost:5000': { repository: 'local/models' } },
    `localhost:5000/local/models:${image}`,
  ],
  ['my-registry.com', { 'MY-Registry.com': { REPOSITORY: '/r/' } }, `my-registry.com/r:${image}`],
  ['docker.io', { dockerhub: { repository: 'group/models', username: 'me' } }, `group/models:${image}`],
  ['dockerhub', { dockerhub: { repository: 'group/models' } }, `group/models:${image}`],
  ['', { dockerhub: { username: 'Me' } }, `me/${image}`],
  ['docker.io', {}, image],
  ['docker.io/group', { dockerhub: { repository: 'a/b' } }, `docker.io/group/${image}`],
])('in the registry %j with the credentials %j the image is %s', (registry, entries, expected) => {
  expect(
    registryImage(registry, credentialsOf(entries as Record<string, Record<string, string>>), image),
  ).toBe(expected);
});

test('a registry that makes no reference is an error that names it', () => {
  expect(() => registryImage('my registry', credentialsOf({}), image)).toThrow(/my registry/);
});

test('a user name that is an address asks for a repository', () => {
  const credentials = credentialsOf({ dockerhub: { username: 'me@example.org' } });
  expect(() => registryImage('docker.io', credentials, image)).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('repository') }),
  );
});
