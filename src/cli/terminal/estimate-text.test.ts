import { expect, test } from 'vitest';
import { estimateText } from './estimate-text.ts';

const text = (remaining_s: number, passedS = 0): string =>
  estimateText({ type: 'campaign.estimate', remaining_s, models_left: 7, known: 7 }, passedS);

test('an estimate is no more exact than it can be, and grows less while time passes', () => {
  expect(text(30)).toBe('Less than a minute left, 7 models');
  expect(text(600)).toBe('About 10 min left, 7 models');
  expect(text(7860)).toBe('About 2 h 10 min left, 7 models');
  expect(text(86_400)).toBe('About 24 h 00 min left, 7 models');
  expect(text(7860, 7860 - 600)).toBe('About 10 min left, 7 models');
  expect(text(10, 1000)).toBe('Less than a minute left, 7 models');
});
