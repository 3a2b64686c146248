import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findFallbackMetric, findMetric, plainLine, readNumber } from './metric-pattern.ts';

test.each([
  ['performance: 14164.5 samples/sec', 14164.5, '14164.5', 'samples/sec'],
  ['performance: 1.5E+3 tok', 1500, '1.5E+3', 'tok'],
  ['performance: 1e3 tok', 1000, '1e3', 'tok'],
  ['performance: 1E3 tok', 1000, '1E3', 'tok'],
  ['performance: -3.2e-05 loss', -3.2e-5, '-3.2e-05', 'loss'],
  ['performance: +7 tok', 7, '+7', 'tok'],
  ['performance: .5 ratio', 0.5, '.5', 'ratio'],
  ['performance: 5. ratio', 5, '5.', 'ratio'],
  ['performance: 14164/s throughput', 14164, '14164', 'throughput'],
  ['performance: 100, tokens', 100, '100', 'tokens'],
  ['performance: 100,tokens', 100, '100', 'tokens'],
  ['performance: 100 , tokens', 100, '100', 'tokens'],
  ['performance: 100/s, tokens', 100, '100', 'tokens'],
  ['performance: 100, /s, tokens', 100, '100', 'tokens'],
  ['performance: 100 /s tokens', 100, '100', 'tokens'],
  ['performance: 100 tokens/s/GPU, more', 100, '100', 'tokens/s/GPU'],
  ['performance: 3 a_b1 extra words', 3, '3', 'a_b1'],
  ['performance:12 tok/s', 12, '12', 'tok/s'],
  ['performance:\t12\ttok/s', 12, '12', 'tok/s'],
  ['2025-01-01 INFO  my performance: 12 tok/s', 12, '12', 'tok/s'],
  ['performance: 1 a performance: 2 b', 1, '1', 'a'],
  ['performance: unknown, performance: 2 b', 2, '2', 'b'],
  ['performance: 12 Durchsätze/s', 12, '12', 'Durchsätze/s'],
])('%s', (line, value, text, name) => {
  expect(findMetric(line)).toEqual({ value, text, name });
});

test.each(['performance: 12.5', 'performance: 12.5/s', 'performance: 12.5,', 'performance: 12.5/s ,  '])(
  'the number of "%s" stands alone',
  (line) => {
    expect(findMetric(line)).toEqual({ value: 12.5, text: '12.5', name: undefined });
  },
);

test.each([
  'performance: good tokens',
  'performance: nan tokens',
  'performance: inf tokens',
  'performance: 1e999 tokens',
  'performance: 1,234.5 tokens',
  'performance: 1,234 tokens',
  'performance: 12.5ms latency',
  'performance: 1.2.3 tokens',
  'performance: 1e tokens',
  'performance: --1 tokens',
  'performance:',
  'performance 12 tokens',
  'Performance: 12 tokens',
])('no number is made up from "%s"', (line) => {
  expect(findMetric(line)).toBeUndefined();
});

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((text) => /^[^\s,/]/.test(text) && !/[\s,]/.test(text) && plainLine(text) === text);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e20, max: 1e20 }).map((value) => value.toFixed(3)),
  fc.integer().map((value) => `+${Math.abs(value)}`),
  fc.nat().map((value) => `.${value}E-3`),
);

test('every number and every word come back as they were printed', () => {
  const unit = fc.constantFrom('', '/s', ',', '/s,', ', /s,');
  fc.assert(
    fc.property(fc.string(), number, unit, name, (before, text, after, metric) => {
      fc.pre(!before.includes('performance:'));
      const found = findMetric(`${plainLine(before)}performance: ${text}${after} ${metric} rest`);
      expect(found).toEqual({ value: Number(text), text, name: metric });
    }),
  );
});

test('no line makes it fail or gives something that is no finite number', () => {
  const pieces = fc.constantFrom('performance:', ' ', '1', '.', ',', '/s', 'e', '-', 'tok', '\t', '\x1b[1m');
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string())), (parts) => {
      const found = findMetric(parts.join(''));
      if (found) expect(Number.isFinite(found.value) && found.name !== '').toBe(true);
    }),
  );
});

test('the trainer line gives its number under a name of its own', () => {
  const found = { name: 'samples_per_second', value: 12.3, text: '12.3' };
  expect(findFallbackMetric('  train_samples_per_second   =       12.3')).toEqual(found);
  expect(findFallbackMetric('train_samples_per_second=12.3, epoch=1')).toEqual(found);
  expect(findFallbackMetric('train_samples_per_second = 1:02')).toBeUndefined();
  expect(findFallbackMetric('train_samples_per_second is 12.3')).toBeUndefined();
});

test('numbers of cells are read in the same notation', () => {
  expect(['1', '-.5', '1E3', '2.'].map(readNumber)).toEqual([1, -0.5, 1000, 2]);
  expect(['', 'nan', 'inf', '1,5', '0x10', '1 2', '1e999'].map(readNumber)).toEqual(Array(7).fill(undefined));
});

test('colours, titles and control characters go, tabs and other alphabets stay', () => {
  expect(plainLine('\x1b[1;31mred\x1b[0m\tà\x1b]0;title\x07 \x1b]8;;http://x\x1b\\link\x00\x7f\x1b(B')).toBe(
    'red\tà link',
  );
  expect(plainLine('a\u0085b\u009b31mc')).toBe('ab31mc');
});
