import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createScrubStream, createTextScrubStream } from './scrub-stream.ts';
import { Scrubber, Secret } from './secret.ts';

const scrubberOf = (...values: string[]) =>
  new Scrubber(values.map((value, index) => new Secret(`s${index}`, value)));

function stream(scrubber: Scrubber, chunks: readonly Uint8Array[]): Buffer {
  const scrubbing = createScrubStream(scrubber);
  const shared = Buffer.alloc(1000);
  const out = chunks.map((chunk) => {
    shared.fill(0x23);
    shared.set(chunk);
    return Buffer.from(scrubbing.push(shared.subarray(0, chunk.length)));
  });
  return Buffer.concat([...out, scrubbing.end()]);
}

test('a secret goes wherever the border between two chunks falls', () => {
  const scrubber = scrubberOf('geheim-é-12', 'geheim');
  const text = Buffer.from('x geheim-é-12 geheim geheim-é-1 y\n');
  for (let border = 0; border <= text.length; border++) {
    const out = stream(scrubber, [text.subarray(0, border), text.subarray(border)]);
    expect(out.toString()).toBe('x ****** ****** ******-é-1 y\n');
  }
});

test('in any chunks it gives what scrubbing the whole text gives', () => {
  const letters = fc.constantFrom('a', 'b', 'c');
  const secrets = fc.array(fc.string({ unit: letters, minLength: 6, maxLength: 9 }), { maxLength: 4 });
  const chunks = fc.array(fc.string({ unit: letters, maxLength: 12 }));
  fc.assert(
    fc.property(secrets, chunks, (values, texts) => {
      const scrubber = scrubberOf(...values);
      const out = stream(
        scrubber,
        texts.map((text) => Buffer.from(text)),
      );
      expect(out.toString()).toBe(scrubber.scrub(texts.join('')));
    }),
    { numRuns: 2000 },
  );
});

test('only what may become a secret is held back', () => {
  const scrubbing = createScrubStream(scrubberOf('password1'));
  expect(Buffer.from(scrubbing.push(Buffer.from('a line\npass'))).toString()).toBe('a line\n');
  expect(Buffer.from(scrubbing.push(Buffer.from('able\n'))).toString()).toBe('passable\n');
  expect(scrubbing.end().length).toBe(0);
});

test('bytes that are no text come through as they are', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (chunks) => {
      expect(stream(scrubberOf('unlikely-secret'), chunks)).toEqual(Buffer.concat(chunks));
    }),
  );
});

test('text that comes in pieces is whole, wherever secrets and characters are cut', () => {
  const scrubber = scrubberOf('secret-1', 'secret-12345', 'ééé-1x', 'two\nlines-long');
  const text = 'é secret-12345 x ééé-1x two\nlines-long é';
  const bytes = Buffer.from(text);
  for (let size = 1; size <= bytes.length; size++) {
    const stream = createTextScrubStream(scrubber);
    let out = '';
    for (let at = 0; at < bytes.length; at += size) out += stream.push(bytes.subarray(at, at + size));
    expect(out + stream.end()).toBe(scrubber.scrub(text));
  }
});
