import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteSearch } from './byte-search.ts';
import { foldedDetector } from './folded-search.ts';
import {
  createScrubStream,
  createTextScrubStream,
  needleBytes,
  type ScrubStreamOptions,
} from './scrub-stream.ts';
import { Scrubber, Secret } from './secret.ts';

const scrubberOf = (...values: string[]) =>
  new Scrubber(values.map((value, index) => new Secret(`s${index}`, value)));

function stream(scrubber: Scrubber, chunks: readonly Uint8Array[], options?: ScrubStreamOptions): Buffer {
  const scrubbing = createScrubStream(scrubber, options);
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
  const letters = fc.constantFrom('a', 'b', 'c', '\n', '\r');
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

/** Each as it is in a text that goes on before and behind it. */
const encoders: Record<string, (text: string) => string> = {
  plain: (text) => text,
  base64: (text) => Buffer.from(text).toString('base64'),
  'URL-safe base64': (text) => Buffer.from(text).toString('base64url'),
  hexadecimal: (text) => Buffer.from(text).toString('hex'),
  'upper-case hexadecimal': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  'URL-encoded': encodeURIComponent,
  form: (text) => new URLSearchParams({ '': text }).toString().slice(1),
};

const cut = <T extends { length: number; slice(from: number, to: number): T }>(
  whole: T,
  sizes: readonly number[],
): T[] => {
  const pieces: T[] = [];
  for (let at = 0, index = 0; at < whole.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    pieces.push(whole.slice(at, at + size));
    at += size;
  }
  return pieces;
};

const unfolded = (text: string): string => text.replaceAll(/[\r\n]/g, '');
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 9, max: 200 })), {
  minLength: 1,
  maxLength: 4,
});
const neighbour = fc.string({ unit: 'grapheme-composite', maxLength: 60 }).map((text) => text.toWellFormed());
const secretText = fc
  .string({ unit: fc.constantFrom(...'abcXYZ0189+/=-_.~!*() %&?:#"\\é€'), minLength: 6, maxLength: 120 })
  .filter((text) => text.trim().length >= 6);

test.each(Object.entries(encoders))(
  'in any width of lines and any chunks, nothing is left of a secret: %s',
  (_, encode) => {
    const lineEnds = fc.constantFrom('\n', '\r\n', '\n\n', '\r');
    fc.assert(
      fc.property(
        ...([secretText, neighbour, neighbour, sizes, lineEnds, sizes, fc.boolean()] as const),
        (value, before, after, widths, lineEnd, chunkSizes, live) => {
          const scrubber = scrubberOf(value);
          const folded = cut(encode(before + value + after), widths)
            .join(lineEnd)
            .toWellFormed();
          const chunks = cut(Buffer.from(folded), chunkSizes);
          const shown = stream(scrubber, chunks, { live });
          const search = byteSearch(needleBytes(scrubber));
          const left = Buffer.from(unfolded(shown.toString('latin1')), 'latin1');
          expect(search(left, 0, left.length)).toBeUndefined();
          expect(shown.toString()).toContain('******');
          if (!live) expect(shown.toString()).toBe(scrubber.scrub(folded));
          expect(foldedDetector(needleBytes(scrubber))(Buffer.from(folded))).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  },
);

test('line ends within a secret stay, and each of its lines has a mask', () => {
  const scrubber = scrubberOf('password-one');
  expect(scrubber.scrub('a passw\r\nord\n\n-one b\n')).toBe('a ******\r\n******\n\n****** b\n');
  const out = stream(scrubber, [Buffer.from('a passw\r\nord\n'), Buffer.from('\n-one b\n')]);
  expect(out.toString()).toBe('a ******\r\n******\n\n****** b\n');
});

test('text goes through byte for byte whose lines nearly hold a secret', () => {
  const scrubber = scrubberOf('password-one');
  const text = Buffer.from('passwor\nd-on\n\npassword\npass\r\nword-on\n p');
  for (const live of [false, true]) {
    for (let size = 1; size <= text.length; size++) {
      expect(stream(scrubber, cut(text, [size]), { live })).toEqual(text);
    }
  }
});

test('live output shows all but what is likely a secret, and never more than two characters of one', () => {
  const scrubbing = createScrubStream(scrubberOf('password-one'), { live: true });
  const push = (text: string): string => Buffer.from(scrubbing.push(Buffer.from(text))).toString();
  expect(push('step p')).toBe('step p');
  expect(push('\n')).toBe('\n');
  expect(push('100 %\ntip')).toBe('100 %\ntip');
  expect(push('a')).toBe('a');
  expect(push('s')).toBe('');
  expect(push('sword-')).toBe('');
  expect(push('one\n')).toBe('******\n');
  expect(push('pas')).toBe('');
  expect(push('t')).toBe('past');
  expect(push('passw\n')).toBe('');
  expect(push('x')).toBe('passw\nx');
});

test('line ends without end are not held back, and the secret around them is masked all the same', () => {
  const lines = Buffer.alloc(100_000, '\n');
  for (const [head, shown] of [
    ['pass', 'pass'],
    ['password', '******'],
  ] as const) {
    const scrubbing = createScrubStream(scrubberOf('password-one'));
    const rest = 'password-one'.slice(head.length);
    let out = Buffer.from(scrubbing.push(Buffer.from(head))).toString();
    for (let part = 0; part < 20; part++) out += Buffer.from(scrubbing.push(lines)).toString();
    expect(out.length).toBeGreaterThan(1_900_000);
    out += Buffer.from(scrubbing.push(Buffer.from(`${rest} end`))).toString();
    out += Buffer.from(scrubbing.end()).toString();
    expect(out.replaceAll('\n', '')).toBe(`${shown}****** end`);
    expect(out.replaceAll(/[^\n]/g, '').length).toBe(2_000_000);
  }
});

test('the longest form is found by its last character', () => {
  const scrubber = scrubberOf('a-secret');
  const form = scrubber.needles[0] ?? '';
  const folded = form.replaceAll(/./g, '$&\n');
  const out = stream(scrubber, [Buffer.from(`- ${folded.slice(0, -2)}`), Buffer.from(folded.slice(-2))]);
  expect(form.length).toBe(24);
  expect(out.toString()).toBe(`- ${'******\n'.repeat(24)}`);
});

test('of secrets that overlap, the first one is masked, wherever the border between two chunks falls', () => {
  for (let border = 0; border <= 10; border++) {
    const out = stream(scrubberOf('abcdef', 'efghij'), cut(Buffer.from('abcdefghij'), [border || 10]));
    expect(out.toString()).toBe('******ghij');
  }
});

test('what stands before each line of another program does not hide a secret', () => {
  const linePrefix = (bytes: Uint8Array, start: number): number => {
    const found = /^(?:#7 |#7$|#$)/.exec(Buffer.from(bytes.subarray(start, start + 3)).toString());
    return found?.[0].length ?? 0;
  };
  const text = Buffer.from('#7 a pass\n#7 word\n#7 \n#7 -one b\n#8 x\n#7 pass\n#7 wort\n');
  const scrubbed = '#7 a ******\n#7 ******\n#7 \n#7 ****** b\n#8 x\n#7 pass\n#7 wort\n';
  for (let size = 1; size <= text.length; size++) {
    const out = stream(scrubberOf('password-one'), cut(text, [size]), { linePrefix });
    expect(out.toString()).toBe(scrubbed);
  }
  const blank = Buffer.from(`#7 password${'\n#7 '.repeat(5000)}`);
  const out = stream(scrubberOf('password-one'), [...cut(blank, [1000]), Buffer.from('-one b')], {
    linePrefix,
  });
  expect(out.toString()).toBe(`#7 ******${'\n#7 '.repeat(5000)}****** b`);
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
