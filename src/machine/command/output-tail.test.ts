import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputTail } from './output-tail.ts';

test('a tail holds the last bytes of what came, however it was cut', () => {
  const chunks = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 40 }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(chunks, fc.nat(60), (parts, limit) => {
      const tail = new OutputTail(limit);
      for (const part of parts) tail.push(Buffer.from(part));
      const whole = parts.join('');
      expect(tail.text()).toBe(limit === 0 ? '' : whole.slice(-limit));
    }),
  );
});

test('a tail that outgrows its first buffer stays in order', () => {
  const tail = new OutputTail(100_000);
  for (let line = 0; line < 30_000; line++) tail.push(Buffer.from(`${line}\n`));
  const lines = tail.text().trim().split('\n').map(Number);
  expect(lines.at(-1)).toBe(29_999);
  expect(
    lines.slice(1).every((line, index) => line === (lines.at(-1) ?? 0) - (lines.length - 2 - index)),
  ).toBe(true);
});

test('characters of several bytes survive the cut whole', () => {
  const text = fc.string({ unit: fc.constantFrom('ä', '€', '😀', 'x'), maxLength: 50 });
  fc.assert(
    fc.property(text, fc.nat(80), (whole, limit) => {
      const tail = new OutputTail(limit);
      for (const byte of Buffer.from(whole)) tail.push(Buffer.from([byte]));
      expect(whole.endsWith(tail.text())).toBe(true);
    }),
  );
});
