import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Scrubber, Secret } from './secret.ts';

test('a secret shows its name only, however it is printed', () => {
  const secret = new Secret('X.password', 'hunter2-hunter2');
  expect([`${secret}`, JSON.stringify({ secret }), inspect({ secret })].join()).not.toContain('hunter2');
  expect(secret.reveal()).toBe('hunter2-hunter2');
});

const secretText = fc
  .string({ minLength: 6, maxLength: 40, unit: 'grapheme-ascii' })
  .filter((text) => text.trim().length >= 6);

test('no form of a secret survives: plain, URL-encoded, in JSON, in base64 at any alignment', () => {
  fc.assert(
    fc.property(secretText, fc.string(), fc.string(), (value, before, after) => {
      const scrubber = new Scrubber([new Secret('s', value)]);
      expect(scrubber.scrub(before + value + after)).not.toContain(value);
      const encoded = encodeURIComponent(value);
      expect(scrubber.scrub(`user:${encoded}@host`)).not.toContain(encoded);
      for (const lead of ['', 'a', 'ab']) {
        const text = Buffer.from(`${lead}${value}`).toString('base64');
        const core = text.slice(
          Math.ceil((lead.length * 8) / 6),
          Math.floor(((lead.length + Buffer.byteLength(value)) * 8) / 6),
        );
        expect(scrubber.scrub(text)).not.toContain(core);
      }
    }),
  );
});

test.each([64, 76])('a long secret is masked in base64 that is broken after %i characters', (width) => {
  const value = Array.from({ length: 40 }, (_, index) => `part ${index}`).join();
  const whole = Buffer.from(`${value}\n`).toString('base64');
  const lines = whole.match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
  const shown = new Scrubber([new Secret('s', value)]).scrub(lines.join('\n')).split('\n');
  expect(lines.length).toBeGreaterThan(3);
  expect(shown.slice(0, -1).every((line) => line === '******')).toBe(true);
  expect(shown.at(-1)).toMatch(/^\*{6}.{0,4}$/);
});

test('no hexadecimal digits of a secret survive', () => {
  const scrubber = new Scrubber([new Secret('s', 'pässword')]);
  const digits = Buffer.from('a pässword b').toString('hex');
  expect(scrubber.scrub(digits)).toBe('6120******2062');
  expect(scrubber.scrub(digits.toUpperCase())).toBe('6120******2062');
});

test('data is scrubbed in depth, and everything else stays as it is', () => {
  const scrubber = new Scrubber([new Secret('s', 'topsecret')]);
  expect(scrubber.scrubData({ a: ['x topsecret y'], b: 1, c: null, topsecret: true })).toEqual({
    a: ['x ****** y'],
    b: 1,
    c: null,
    '******': true,
  });
});

test('a short secret is reported instead of blacking out ordinary text', () => {
  const scrubber = new Scrubber([new Secret('s', 'abc')]);
  expect(scrubber.tooShort).toEqual(['s']);
  expect(scrubber.scrub('abc')).toBe('abc');
});

test('each line of a secret with several lines is masked', () => {
  const scrubber = new Scrubber([new Secret('key', 'line-one\nline-two')]);
  expect(scrubber.scrub('saw line-two here')).toBe('saw ****** here');
});

test.each([
  ['Python’s quote', 'a/b c+d-secret', 'a/b%20c%2Bd-secret'],
  ['Python’s quote_plus', 'a/b c+d-secret', 'a%2Fb+c%2Bd-secret'],
  ['lower-case digits', 'a/b c+d-secret', 'a%2fb%20c%2bd-secret'],
  ['encodeURI', 'a/b c+d-[secret]', 'a/b%20c+d-%5Bsecret%5D'],
  ['every byte of it', 'sécret', '%73%c3%a9%63%72%65%74'],
])('a secret is masked URL-encoded by %s', (_, value, encoded) => {
  expect(new Scrubber([new Secret('s', value)]).scrub(`to ${encoded}!`)).toBe('to ******!');
});

test('a secret with a line end behind it is masked with and without it, in every encoding', () => {
  const scrubber = new Scrubber([new Secret('s', 'a-token-value\r\n')]);
  for (const text of [Buffer.from('a-token-value'), Buffer.from('\na-token-value\r\n')]) {
    expect(scrubber.scrub(text.toString())).toMatch(/^\s*\*{6}\s*$/);
    expect(scrubber.scrub(text.toString('hex'))).toMatch(/^(?:0a)?\*{6}(?:0d0a)?$/);
    expect(scrubber.scrub(text.toString('base64'))).toMatch(/^.{0,2}\*{6}.{0,6}$/);
  }
  expect(new Scrubber([new Secret('s', 'abc\n\n\n\n')]).tooShort).toEqual(['s']);
});

test('of a line out of its text, parts of a secret are masked that go on elsewhere', () => {
  const scrubber = new Scrubber([new Secret('s', 'correct-horse-battery-staple')]);
  expect(scrubber.scrubPiece('failed with correct-horse-batt')).toBe('failed with ******');
  expect(scrubber.scrubPiece('y-staple-and more')).toBe('y-staple-and more');
  expect(scrubber.scrubPiece('horse-battery-staple is wrong')).toBe('****** is wrong');
  expect(scrubber.scrubPiece('se-battery-st')).toBe('******');
  expect(scrubber.scrubPiece('a correct-horse-battery-staple b')).toBe('a ****** b');
  expect(scrubber.scrubPiece('batt\r\nery-\nstaple\n and\ncorr\nect-horse\n')).toBe(
    '******\r\n******\n******\n and\n******\n******\n',
  );
  // Words that stand in a secret too.
  for (const text of ['', 'staple', 'the horse', 'correct', 'battery-'])
    expect(scrubber.scrubPiece(text)).toBe(text);
  const base64 = Buffer.from('TOKEN=correct-horse-battery-staple').toString('base64');
  expect(scrubber.scrubPiece(base64.slice(0, 30))).toMatch(/^VE9LRU49.?\*{6}$/);
  expect(scrubber.scrubPiece(base64.slice(30))).toMatch(/^\*{6}.{0,4}$/);
});
