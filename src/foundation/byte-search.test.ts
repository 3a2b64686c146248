import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ByteHit, byteSearch } from './byte-search.ts';

/** The same by trying every needle at every place. */
function slowSearch(needles: readonly Uint8Array[], haystack: Buffer, from: number, to: number) {
  for (let start = from; start < to; start++) {
    const here = needles
      .map((bytes, needle) => ({ start, end: start + bytes.length, needle, bytes }))
      .filter(
        ({ bytes, end }) => bytes.length > 0 && end <= to && haystack.subarray(start, end).equals(bytes),
      )
      .sort((a, b) => b.end - a.end)[0];
    if (here) return { start: here.start, end: here.end };
  }
  return undefined;
}

const place = (hit: ByteHit | undefined) => hit && { start: hit.start, end: hit.end };

// Few different bytes, so that needles overlap and nearly match.
const bytes = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(0, 97, 98, 255), { minLength, maxLength }).map((values) => Buffer.from(values));

test('finds what trying every needle at every place finds', () => {
  const needles = fc.array(bytes(0, 6), { maxLength: 6 });
  fc.assert(
    fc.property(needles, bytes(0, 60), fc.nat(20), fc.nat(20), (list, haystack, skip, cut) => {
      const to = Math.max(0, haystack.length - cut);
      const from = Math.min(skip, to);
      expect(place(byteSearch(list)(haystack, from, to))).toEqual(slowSearch(list, haystack, from, to));
    }),
    { numRuns: 2000 },
  );
});

test('tells which needle it was, and prefers the longest at a place', () => {
  const search = byteSearch([Buffer.from('token'), Buffer.from('token-long'), Buffer.from('other')]);
  expect(search(Buffer.from('a token-long'), 0, 12)).toEqual({ start: 2, end: 12, needle: 1 });
  expect(search(Buffer.from('a token-lon'), 0, 11)).toEqual({ start: 2, end: 7, needle: 0 });
});

test('needles longer than a table entry can jump are found', () => {
  const needle = Buffer.alloc(1000, 'abcdefghij');
  const haystack = Buffer.concat([Buffer.alloc(5000, 'x'), needle, Buffer.alloc(10)]);
  expect(place(byteSearch([needle])(haystack, 0, haystack.length))).toEqual({ start: 5000, end: 6000 });
});

test('without needles nothing is found', () => {
  expect(byteSearch([])(Buffer.from('abc'), 0, 3)).toBeUndefined();
  expect(byteSearch([Buffer.alloc(0)])(Buffer.from('abc'), 0, 3)).toBeUndefined();
});
