import { expect, test } from 'vitest';
import type { GpuFacts, GpuVendor } from './gpu-facts.ts';
import { limitToVisible } from './visible-devices.ts';

const facts = (vendor: GpuVendor, count = 4): GpuFacts => ({
  vendor,
  count,
  architecture: '',
  devices: Array.from({ length: count }, (_, index) => ({ index, name: '', uuid: `GPU-${index}aaa-bbbb` })),
  notes: [],
});

test.each<[GpuVendor, Record<string, string>, number[] | undefined]>([
  ['NVIDIA', {}, undefined],
  ['NVIDIA', { CUDA_VISIBLE_DEVICES: '2,0' }, [0, 2]],
  ['NVIDIA', { CUDA_VISIBLE_DEVICES: '' }, []],
  ['NVIDIA', { CUDA_VISIBLE_DEVICES: '-1' }, []],
  ['NVIDIA', { CUDA_VISIBLE_DEVICES: '1,9,2' }, [1]],
  ['NVIDIA', { CUDA_VISIBLE_DEVICES: 'GPU-3aaa' }, [3]],
  ['NVIDIA', { CUDA_VISIBLE_DEVICES: 'NoDevFiles' }, []],
  ['NVIDIA', { HIP_VISIBLE_DEVICES: '0' }, undefined],
  ['AMD', { HIP_VISIBLE_DEVICES: '1,3' }, [1, 3]],
  ['AMD', { CUDA_VISIBLE_DEVICES: '1' }, [1]],
  ['AMD', { HIP_VISIBLE_DEVICES: '2', CUDA_VISIBLE_DEVICES: '1' }, [2]],
  ['AMD', { ROCR_VISIBLE_DEVICES: '3,1', HIP_VISIBLE_DEVICES: '0' }, [3]],
  ['INTEL', { ZE_AFFINITY_MASK: '0.1,2' }, [0, 2]],
])('%s with %j offers %j', (vendor, env, offered) => {
  expect(limitToVisible(facts(vendor), env).offered).toEqual(offered);
});

test.each<[Record<string, string>, number[] | undefined]>([
  // The scheduler's numbers are the machine's; in a cgroup the tools see no others.
  [{ SLURM_JOB_GPUS: '2-3' }, [2, 3]],
  [{ SLURM_JOB_GPUS: '4,5,6,7' }, undefined],
  [{ SLURM_JOB_GPUS: '1,2', SLURM_STEP_GPUS: '2' }, [2]],
  [{ SLURM_JOB_GPUS: '2,3', CUDA_VISIBLE_DEVICES: '2,3' }, [2, 3]],
  [{ SLURM_JOB_GPUS: '2,3', CUDA_VISIBLE_DEVICES: '0,1' }, [2, 3]],
  [{ SLURM_JOB_GPUS: '2,3', CUDA_VISIBLE_DEVICES: '3' }, [3]],
])('the set of the scheduler %j leaves %j', (env, offered) => {
  expect(limitToVisible(facts('NVIDIA'), env).offered).toEqual(offered);
});

test('HIP counts in the order of the driver, people in that of amd-smi', () => {
  const swapped = facts('AMD', 2);
  swapped.devices = swapped.devices.map((device) => ({ ...device, runtimeIndex: 1 - device.index }));
  expect(limitToVisible(swapped, { HIP_VISIBLE_DEVICES: '0' })).toMatchObject({
    offered: [1],
    limitedBy: ['HIP_VISIBLE_DEVICES=0'],
  });
});

test('ROCr calls GPUs by an id of its own', () => {
  const amd = facts('AMD', 2);
  amd.devices = amd.devices.map((device) => ({ ...device, uniqueId: `${device.index}123456789abcdef` }));
  const env = { ROCR_VISIBLE_DEVICES: 'GPU-1123456789abcdef' };
  expect(limitToVisible(amd, env).offered).toEqual([1]);
});

test('the GPUs of a vendor that a plugin knows are limited by the variable that it names', () => {
  const npu = { ...facts('NONE'), vendor: 'NPU', visibleVariable: 'NPU_VISIBLE_DEVICES' };
  expect(limitToVisible(npu, { NPU_VISIBLE_DEVICES: '1,3', HIP_VISIBLE_DEVICES: '0' }).offered).toEqual([
    1, 3,
  ]);
  expect(
    limitToVisible({ ...npu, visibleVariable: undefined }, { NPU_VISIBLE_DEVICES: '1' }).offered,
  ).toBeUndefined();
});

/** GPU 0 divided in two, GPU 1 whole. */
const divided = (): GpuFacts => ({
  ...facts('NVIDIA', 2),
  count: 3,
  devices: [
    { index: 1, name: '', uuid: 'GPU-1aaa-bbbb' },
    ...[0, 1].map((slice) => ({
      index: 2 + slice,
      name: '',
      uuid: `MIG-${slice}ccc-dddd`,
      mig: { parent: 0, parentUuid: 'GPU-0aaa-bbbb', slice, profile: '3g.20gb' },
    })),
  ],
});

test.each<[Record<string, string>, number[] | undefined]>([
  [{ CUDA_VISIBLE_DEVICES: 'MIG-1ccc-dddd' }, [3]],
  [{ CUDA_VISIBLE_DEVICES: 'MIG-9ccc-dddd' }, []],
  [{ CUDA_VISIBLE_DEVICES: '0' }, [2, 3]],
  [{ CUDA_VISIBLE_DEVICES: 'GPU-0aaa' }, [2, 3]],
  [{ CUDA_VISIBLE_DEVICES: '1,MIG-0ccc-dddd' }, [1, 2]],
  [{ NVIDIA_VISIBLE_DEVICES: 'MIG-0ccc-dddd' }, [2]],
  [{ NVIDIA_VISIBLE_DEVICES: '0:1' }, [3]],
  [{ NVIDIA_VISIBLE_DEVICES: 'MIG-0ccc-dddd', CUDA_VISIBLE_DEVICES: '0' }, [2]],
  [{ NVIDIA_VISIBLE_DEVICES: 'all' }, undefined],
])('slices of GPUs with %j offer %j', (env, offered) => {
  expect(limitToVisible(divided(), env).offered).toEqual(offered);
});

test.each<[string, number[] | undefined]>([
  ['1,2', [1, 2]],
  ['GPU-3aaa-bbbb', [3]],
  ['', undefined],
  ['none', undefined],
  // In a container of four GPUs, these are the numbers of the machine around it.
  ['4,5,6,7', undefined],
  ['3,4,5,6', undefined],
])('what NVIDIA’s container toolkit was told, %j, offers %j of four GPUs', (told, offered) => {
  expect(limitToVisible(facts('NVIDIA'), { NVIDIA_VISIBLE_DEVICES: told }).offered).toEqual(offered);
});
