import { expect, test } from 'vitest';
import type { GpuFacts } from '../../machine/device/detect.ts';
import { cardFromManifest } from '../../package/manifest-card.ts';
import { chooseGpus, gpuWish, withRenderNodes } from './choose-gpus.ts';

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

test('what is not offered, and what was set aside, no job gets', () => {
  const limited = { ...facts(4), offered: [1, 2], limitedBy: ['HIP_VISIBLE_DEVICES=1,2'] };
  expect(chooseGpus(card('-1'), context({}), limited)).toEqual([1, 2]);
  expect(() => chooseGpus(card('3'), context({}), limited)).toThrow(/2 of the 4.*HIP_VISIBLE_DEVICES=1,2/);
  const aside = new Map([[1, 'ecc_uncorrected 0 -> 1']]);
  expect(gpuWish(card('1'), context({}), limited, aside).candidates).toMatchObject([{ index: 2 }]);
  expect(() => chooseGpus(card('2'), context({}), limited, aside)).toThrow(/GPU 1 was set aside \(ecc/);
});

test('all GPUs of a list that names one which is not here can not be had', () => {
  expect(() => chooseGpus(card('-1'), context({ docker_gpus: '2-5' }), facts(4))).toThrow(
    /docker_gpus is "2-5"/,
  );
  expect(chooseGpus(card('1'), context({ docker_gpus: '2-5' }), facts(4))).toEqual([2]);
});

test('gpu_renderDs names render nodes by hand', () => {
  const named = withRenderNodes(facts(3), context({ gpu_renderDs: [130, 129] }));
  expect(named.devices.map(({ renderNode }) => renderNode)).toEqual([
    '/dev/dri/renderD130',
    '/dev/dri/renderD129',
    undefined,
  ]);
  expect(() => withRenderNodes(facts(1), context({ gpu_renderDs: [1.5] }))).toThrow(/gpu_renderDs/);
});

test('docker_gpus may name GPUs and slices by UUID or place, and a divided GPU is all its slices', () => {
  const mig = (slice: number) => ({ parent: 0, parentUuid: 'GPU-0aaa', slice, profile: '3g.20gb' });
  const divided: GpuFacts = {
    ...facts(0),
    vendor: 'NVIDIA',
    count: 3,
    devices: [
      { index: 1, name: 'A100', uuid: 'GPU-1aaa' },
      { index: 2, name: 'A100 MIG 3g.20gb', uuid: 'MIG-0bbb', mig: mig(0) },
      { index: 3, name: 'A100 MIG 3g.20gb', uuid: 'MIG-1bbb', mig: mig(1) },
    ],
  };
  const chosen = (docker_gpus: string, n = '-1'): number[] =>
    chooseGpus(card(n), context({ docker_gpus }), divided);
  expect(chosen('MIG-1bbb')).toEqual([3]);
  expect(chosen('0:1, 1')).toEqual([1, 3]);
  expect(chosen('0')).toEqual([2, 3]);
  expect(chosen('GPU-1aaa,2-3', '2')).toEqual([1, 2]);
  expect(() => chosen('0:5,1')).toThrow('docker_gpus is "1,0:5"');
});
