import { expect, test } from 'vitest';
import type { GpuFacts } from '../machine/device/detect.ts';
import { cardFromManifest } from '../package/manifest-card.ts';
import { chooseGpus, parseGpuList } from './choose-gpus.ts';

const facts = (count: number): GpuFacts => ({
  vendor: count === 0 ? 'NONE' : 'AMD',
  count,
  architecture: 'gfx90a',
  devices: Array.from({ length: count }, (_, index) => ({ index, name: 'MI250' })),
  notes: [],
});
const card = (n_gpus: string) => cardFromManifest({ name: 'x', n_gpus });
const context = (values: Record<string, unknown>) => ({ values, origins: {} });

test('-1 takes all, a number the first ones, 0 none', () => {
  expect(chooseGpus(card('-1'), context({}), facts(4))).toEqual([0, 1, 2, 3]);
  expect(chooseGpus(card('2'), context({}), facts(4))).toEqual([0, 1]);
  expect(chooseGpus(card('0'), context({}), facts(0))).toEqual([]);
});

test('docker_gpus chooses which', () => {
  expect(chooseGpus(card('2'), context({ docker_gpus: '1,3-4' }), facts(8))).toEqual([1, 3]);
});

test('more than there are, or any where there are none, is a failure of the device', () => {
  expect(() => chooseGpus(card('5'), context({}), facts(4))).toThrow(
    expect.objectContaining({ code: 'DEVICE_UNAVAILABLE' }),
  );
  expect(() => chooseGpus(card('-1'), context({}), facts(0))).toThrow(
    expect.objectContaining({ code: 'DEVICE_UNAVAILABLE' }),
  );
});

test('with gpu_vendor NONE no card gets a GPU', () => {
  expect(chooseGpus(card('1'), context({ gpu_vendor: 'NONE' }), facts(0))).toEqual([]);
});

test('lists and ranges are sorted, without doubles, and bad ones are refused', () => {
  expect(parseGpuList('0,2-4,5-5,7,3')).toEqual([0, 2, 3, 4, 5, 7]);
  for (const bad of ['a', '4-2', '1,,2', '-1']) expect(() => parseGpuList(bad)).toThrow(/cannot read/);
});
