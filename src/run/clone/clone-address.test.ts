import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { modelDirOf, parseCloneUrl } from './clone-address.ts';

test.each([
  ['https://github.com/a/b', 'https', 'https://github.com'],
  ['http://me@127.0.0.1:8080/b.git', 'http', 'http://127.0.0.1:8080'],
  ['ssh://git@host:22/a/b', 'ssh', ''],
  ['git@github.com:a/b.git', 'ssh', ''],
  ['git://host/b', 'git', ''],
  ['file:///srv/b.git', 'file', ''],
])('%s is an address of %s', (url, scheme, site) => {
  expect(parseCloneUrl(url)).toMatchObject({ url, scheme, site, revision: undefined });
});

test('what stands behind # is a commit, a tag or a branch', () => {
  expect(parseCloneUrl('https://h/b#v1.2/x')).toMatchObject({ url: 'https://h/b', revision: 'v1.2/x' });
});

test.each([
  'ext::sh -c "touch /tmp/x"',
  'ext::sh',
  '--upload-pack=touch',
  '-oProxyCommand=x:y',
  'ssh://-oProxyCommand=x/y',
  '-u@host:x',
  '/etc',
  '../other',
  'fd::7',
  'ftp://host/x',
  'https://host/a b',
  'https://host/a#--orphan',
  'https://host/a#',
])('%s is refused', (url) => {
  expect(() => parseCloneUrl(url)).toThrowError(expect.objectContaining({ code: 'INVALID_FILE' }));
});

test('a password in an address is refused and not shown', () => {
  expect(() => parseCloneUrl('https://me:open-sesame@host/a')).toThrow(/^(?!.*open-sesame).*password/);
});

test('a model runs in the folder that is named for its repository', () => {
  expect(modelDirOf('https://h/a/b.git')).toBe('b.git');
  expect(modelDirOf('git@h:b/')).toBe('b');
  expect(modelDirOf('https://h/a/b#main')).toBe('b');
  expect(modelDirOf('https://h/a/..')).toBe('run_directory');
  expect(modelDirOf('https://h/scripts')).toBe('run_directory');
  expect(modelDirOf('')).toBe('run_directory');
});

test('no text makes an address of another kind or a folder elsewhere', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(modelDirOf(text)).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/);
      let url = '';
      try {
        ({ url } = parseCloneUrl(text));
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_FILE' });
      }
      expect(url.startsWith('-')).toBe(false);
      expect(url).not.toContain('::');
    }),
  );
});
