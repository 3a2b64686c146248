import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Scrubber, Secret } from '../foundation/secret.ts';
import { scrubStream } from './scrub-stream.ts';

test('text in pieces is scrubbed as the whole text is, wherever the borders fall', () => {
  const values = ['secret-1', 'secret-12345', 'ééé-1x', 'two\nlines-long'];
  const scrubber = new Scrubber(values.map((value) => new Secret('s', value)));
  const words = fc.constantFrom(...values, 'secret', '-', 'é', '\n', 'x', '12345');
  const sizes = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.array(words, { maxLength: 12 }), sizes, (parts, lengths) => {
      const bytes = Buffer.from(parts.join(''));
      const stream = scrubStream(scrubber);
      let out = '';
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = lengths[turn % lengths.length] ?? 1;
        out += stream.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(out + stream.end()).toBe(scrubber.scrub(parts.join('')));
    }),
    { numRuns: 2000 },
  );
});

test('only as much is kept back as a secret is long', () => {
  const scrubber = new Scrubber([new Secret('s', 'secret-value')]);
  const stream = scrubStream(scrubber);
  expect(stream.push(Buffer.alloc(1_000_000, 'x')).length).toBeGreaterThan(1_000_000 - 200);
});

test('without secrets text goes through at once', () => {
  const stream = scrubStream(new Scrubber([]));
  expect(stream.push(Buffer.from('abc'))).toBe('abc');
});
