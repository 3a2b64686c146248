import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteSearch } from './byte-search.ts';
import { foldedDetector, foldedSearch, unfold } from './folded-search.ts';

// Few different bytes, so that needles overlap and nearly match, and line ends of every kind.
const letters = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(0, 97, 98, 255), { minLength, maxLength }).map((values) => Buffer.from(values));
const folded = fc
  .array(fc.constantFrom(0, 97, 98, 255, 10, 13), { maxLength: 60 })
  .map((values) => Buffer.from(values));
const needles = fc.array(letters(2, 7), { maxLength: 6 });

const withoutLineEnds = (bytes: Uint8Array) => bytes.filter((byte) => byte !== 10 && byte !== 13);

test('finds what the plain search finds in the same bytes without line ends, at the place where it stands', () => {
  fc.assert(
    fc.property(needles, folded, fc.nat(20), (list, haystack, skip) => {
      const from = Math.min(skip, haystack.length);
      const part = haystack.subarray(from);
      const { text, placeOf } = unfold(part);
      const plain = byteSearch(list)(text, 0, text.length);
      const hit = foldedSearch(list)(haystack, from, haystack.length);
      expect(hit && [hit.start, hit.end]).toEqual(
        plain && [from + placeOf(plain.start), from + placeOf(plain.end - 1) + 1],
      );
    }),
    { numRuns: 5000 },
  );
});

test('in chunks it is found as well, wherever their borders fall', () => {
  fc.assert(
    fc.property(needles, fc.array(folded), (list, chunks) => {
      const text = withoutLineEnds(Buffer.concat(chunks));
      const isIn = foldedDetector(list);
      const found = chunks.map((chunk) => isIn(chunk)).some(Boolean);
      expect(found).toBe(byteSearch(list)(text, 0, text.length) !== undefined);
    }),
    { numRuns: 3000 },
  );
});

test('a text without line ends is the bytes themselves; else every byte knows its place', () => {
  const plain = Buffer.from('plain');
  expect(unfold(plain).text).toBe(plain);
  fc.assert(
    fc.property(folded, (bytes) => {
      const { text, placeOf } = unfold(bytes);
      expect(Buffer.from(text)).toEqual(Buffer.from(withoutLineEnds(bytes)));
      text.forEach((byte, index) => {
        expect(bytes[placeOf(index)]).toBe(byte);
      });
    }),
  );
});

test('prefixes of lines go with the line ends before them, and nowhere else', () => {
  const prefix = (bytes: Uint8Array, start: number): number => (bytes[start] === 0x3e ? 2 : 0);
  const text = (bytes: string) => Buffer.from(unfold(Buffer.from(bytes), prefix).text).toString();
  expect(text('> a> b\n> c\r\n> d\n\n> \n> e')).toBe('> a> bcde');
});
