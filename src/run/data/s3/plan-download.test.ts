import { isAbsolute, join, normalize, sep } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MadError } from '../../../foundation/error.ts';
import { blocksOf, planDownload } from './plan-download.ts';

const into = '/data/into';
const plan = (keys: readonly string[], base = 'set/') =>
  planDownload({ base, objects: keys.map((key) => ({ key, size: 1, etag: '' })) }, into);

const hostile = fc.array(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom('..', '.', '', '/', '\\', '\0', '~', '.madengine-download', 'a'.repeat(300), 'a', 'b'),
  ),
  { maxLength: 6 },
);

test('whatever the keys are, each planned path is plain and below the folder, and no file is in the way of another', () => {
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 4 }), (names) => {
      const keys = names.map((parts) => `set/${parts.join('/')}`);
      let made: ReturnType<typeof plan>;
      try {
        made = plan(keys);
      } catch (error) {
        expect(error).toBeInstanceOf(MadError);
        return;
      }
      const paths = made.files.map(({ path }) => path);
      for (const path of [...paths, ...made.folders]) {
        expect(isAbsolute(path)).toBe(false);
        expect(normalize(path)).toBe(path);
        expect(join(into, path).startsWith(into + sep)).toBe(true);
        expect(path).not.toMatch(/[\u0000-\u001f\\]|^\.madengine-download/);
      }
      expect(new Set(paths).size).toBe(paths.length);
      expect(paths.filter((path) => made.folders.includes(path))).toEqual([]);
    }),
  );
});

test.each([
  ['set/../../etc/passwd', 'leads out of its folder'],
  ['set//etc/passwd', 'a folder without a name'],
  ['set/a\\b', 'a backslash'],
  ['set/a\nb', 'control characters'],
  ['set/a\0', 'control characters'],
  [`set/${'é'.repeat(128)}`, 'more than 255 bytes'],
  [`set/${'abc/'.repeat(1100)}x`, 'more than 4095 bytes'],
  ['set/.madengine-download/x', 'needs for itself'],
  ['other/x', 'not below the folder'],
])('the key %j is refused by name', (key, why) => {
  expect(() => plan(['set/good', key])).toThrow(why);
  expect(() => plan(['set/good', key])).toThrow(JSON.stringify(key).slice(0, 200));
});

test('a key that is a file and a folder at once, or comes twice, is refused', () => {
  expect(() => plan(['set/a', 'set/a/b'])).toThrow('"set/a" is a file and a folder at once');
  expect(() => plan(['set/a', 'set/a/'])).not.toThrow('twice');
  expect(() => plan(['set/a', 'set/a'])).toThrow('is listed twice');
});

test('markers become folders, and the one of the folder itself nothing', () => {
  const objects = ['set/', 'set/empty/', 'set/x/y/z'].map((key) => ({
    key,
    size: key.endsWith('/') ? 0 : 5,
    etag: '',
  }));
  expect(planDownload({ base: 'set/', objects }, into)).toMatchObject({
    files: [{ path: 'x/y/z' }],
    folders: ['empty', 'x', 'x/y'],
    bytes: 5,
  });
});

test('blocks cover an object once, in order', () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 3000 }), (size, blockBytes) => {
      const blocks = blocksOf(size, blockBytes);
      let next = 0;
      for (const { from, bytes } of blocks) {
        expect(from).toBe(next);
        expect(bytes).toBeLessThanOrEqual(blockBytes);
        next += bytes;
      }
      expect(next).toBe(size);
      expect(blocks.length).toBe(Math.max(1, Math.ceil(size / blockBytes)));
    }),
  );
});
