import { expect, test } from 'vitest';
import { cardFromManifest } from '../package/manifest-card.ts';
import { gpusAsked } from './gpu/choose-gpus.ts';
import { timeoutOf } from './job.ts';

const card = cardFromManifest({ name: 'x', n_gpus: '4', timeout: 50 });
const settings = {
  timeout: -1,
  keepAlive: false,
  keepModelDir: false,
  skipModelRun: false,
  liveOutput: false,
  sysEnvDetails: true,
  strict: false,
  repeat: 1,
  warmup: 0,
  precision: 2,
  maxRepeats: 30,
};

test("a count of GPUs in the context wins over the card's, the first of its names over the others", () => {
  const asked = (values: Record<string, unknown>) => gpusAsked(card, { values, origins: {} });
  expect(asked({})).toBe(4);
  expect(asked({ n_gpus: '2' })).toBe(2);
  expect(asked({ ngpus: '3', gpus_per_node: '-1' })).toBe(-1);
});

test("the limit is the option's, else the context's, else the card's, and the multiplier is for each", () => {
  expect(timeoutOf(card, settings, { multiplier: 2 })).toBe(100);
  expect(timeoutOf(card, settings, { timeout: 30, multiplier: 2 })).toBe(60);
  expect(timeoutOf(card, settings, { timeout: 0, multiplier: 2 })).toBeNull();
  expect(timeoutOf(card, { ...settings, timeout: 10 }, { timeout: 30, multiplier: 1.5 })).toBe(15);
});
