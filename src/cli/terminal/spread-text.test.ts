import { expect, test } from 'vitest';
import { percentText, spreadText } from './spread-text.ts';

test('a spread says how many samples there are and how far they vary', () => {
  expect(spreadText({ samples: 3, cv: 0.0556 })).toBe('3, cv 5.6 %');
  expect(spreadText({ samples: 3, cv: null })).toBe('3');
  expect(spreadText({})).toBe('');
});

test('a percentage has two figures that say something', () => {
  expect([0, 0.000342, 0.01, 1.234].map(percentText)).toEqual(['0 %', '0.034 %', '1 %', '120 %']);
});
