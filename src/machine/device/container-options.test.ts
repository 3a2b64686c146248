import { expect, test } from 'vitest';
import { gpuOptions, vendorOptions, withCardsOptions } from './container-options.ts';
import type { GpuFacts, GpuVendor } from './gpu-facts.ts';

const facts = (vendor: GpuVendor): GpuFacts => ({
  vendor,
  count: 2,
  architecture: '',
  devices: [
    { index: 0, name: 'a', renderNode: '/dev/dri/renderD128', renderGroup: 109 },
    { index: 1, name: 'b', renderNode: '/dev/dri/renderD136', renderGroup: 109 },
  ],
  notes: [],
});

test('AMD containers get the driver and the chosen render nodes', () => {
  expect(gpuOptions(facts('AMD'), [1])).toEqual([
    ...['--group-add=video', '--device=/dev/kfd', '--device=/dev/dri/renderD136'],
  ]);
});

test('NVIDIA containers get the chosen GPUs as one CSV field', () => {
  expect(gpuOptions(facts('NVIDIA'), [0, 1])).toEqual(['--gpus', '"device=0,1"']);
});

test('Intel containers get render nodes and the group of their files', () => {
  expect(gpuOptions(facts('INTEL'), [0, 1])).toEqual([
    ...['--device=/dev/dri/renderD128', '--device=/dev/dri/renderD136', '--group-add=109'],
  ]);
});

test.each(['AMD', 'NVIDIA', 'INTEL', 'NONE'] as const)('no GPU of %s means no option', (vendor) => {
  expect(gpuOptions(facts(vendor), [])).toEqual([]);
});

test('a GPU that is not there, and one whose render node is unknown, are errors', () => {
  expect(() => gpuOptions(facts('AMD'), [2])).toThrow('no GPU 2');
  const blind = { ...facts('AMD'), devices: [{ index: 0, name: 'a' }] };
  expect(() => gpuOptions(blind, [0])).toThrow('render node of GPU 0');
});

test('a machine without GPUs gives its containers network and memory of the host only', () => {
  expect(vendorOptions('NONE')).toEqual(['--network=host', '--ipc=host']);
});

test('AMD and NVIDIA containers may debug', () => {
  expect(vendorOptions('AMD')).toEqual(
    expect.arrayContaining(['--device=/dev/fuse', '--cap-add=SYS_PTRACE']),
  );
  expect(vendorOptions('NVIDIA')).toEqual(
    expect.arrayContaining(['--cap-add=SYS_NICE', '--device=/dev/fuse']),
  );
});

test('podman gets NVIDIA GPUs by their names in CDI', () => {
  expect(gpuOptions(facts('NVIDIA'), [0, 1], 'podman')).toEqual([
    ...['--device=nvidia.com/gpu=0', '--device=nvidia.com/gpu=1'],
  ]);
});

test.each([
  [['--shm-size', '16G'], false],
  [['--shm-size=16G'], false],
  [['--ipc=private'], false],
  [['--privileged'], true],
  [[], true],
])('with %j of the card, the memory of the host is shared: %s', (card, isShared) => {
  const options = withCardsOptions(vendorOptions('AMD'), card);
  expect(options.includes('--ipc=host')).toBe(isShared);
  expect(options.slice(options.length - card.length)).toEqual(card);
});

test('containers of a vendor that a plugin knows get its options and the files of the chosen devices', () => {
  const npu = {
    ...facts('NONE'),
    vendor: 'NPU',
    containerOptions: ['--group-add=npu'],
    devices: [0, 1].map((index) => ({ index, name: 'n', deviceFiles: [`/dev/accel/accel${index}`] })),
  };
  expect(gpuOptions(npu, [1])).toEqual(['--group-add=npu', '--device=/dev/accel/accel1']);
  expect(gpuOptions(npu, [])).toEqual([]);
  expect(vendorOptions('NPU')).toEqual(vendorOptions('NONE'));
  expect(vendorOptions('toString')).toEqual(vendorOptions('NONE'));
});

test.each([
  [
    ['--network', 'none'],
    ['--ipc=host', '--network', 'none'],
  ],
  [['--net=mine'], ['--ipc=host', '--net=mine']],
  [['--network-alias=a'], ['--network=host', '--ipc=host', '--network-alias=a']],
])('a card with %o has the network that it names', (card, expected) => {
  expect(withCardsOptions(vendorOptions('NONE'), card)).toEqual(expected);
});

test('containers get MIG slices by UUID, with podman by their place', () => {
  const mig = { parent: 0, slice: 1, profile: '3g.20gb' };
  const nvidia: GpuFacts = {
    ...facts('NVIDIA'),
    devices: [
      { index: 1, name: '' },
      { index: 3, name: '', uuid: 'MIG-b', mig },
    ],
  };
  expect(gpuOptions(nvidia, [1, 3])).toEqual(['--gpus', '"device=1,MIG-b"']);
  expect(gpuOptions(nvidia, [1, 3], 'podman')).toEqual([
    ...['--device=nvidia.com/gpu=1', '--device=nvidia.com/gpu=0:1'],
  ]);
});
