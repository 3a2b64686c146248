/**
 * Outputs of AMD's and Intel's tools are written after their documented formats (`amd-smi list --json`, `rocm-smi
 * --showhw`, `--showid --csv`, `rocminfo`, `xpu-smi discovery -j`); no such GPU was at hand. sysfs follows the kernel's
 * kfd_topology.c.
 */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeAnswer, fakeRunner } from '../command/fake-runner.ts';
import { detectGpus } from './detect.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'madengine-gpus-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function file(path: string, text = ''): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

const kfdNodes = '/sys/class/kfd/kfd/topology/nodes';

/** One CPU and two MI300X, whose render nodes count down. */
async function twoMi300(): Promise<void> {
  await file('/dev/kfd');
  await file(`${kfdNodes}/0/properties`, 'cpu_cores_count 96\ngfx_target_version 0\ndrm_render_minor 0\n');
  for (const [node, minor, uniqueId] of [
    [1, 136, '1234567890123456789'],
    [2, 128, '0'],
  ] as const) {
    const lines = [
      `simd_count 1216`,
      `gfx_target_version 90402`,
      `drm_render_minor ${minor}`,
      `unique_id ${uniqueId}`,
    ];
    await file(`${kfdNodes}/${node}/properties`, `${lines.join('\n')}\n`);
    await file(`${kfdNodes}/${node}/gpu_id`, `${1000 + node}\n`);
  }
}

const detect = (answers: FakeAnswer[] = [], programs: string[] = []) => {
  const runner = fakeRunner(answers, Object.fromEntries(programs.map((name) => [name, `/usr/bin/${name}`])));
  return { runner, facts: detectGpus(runner, { root }) };
};

test('a machine without tools and device files starts no process', async () => {
  const { runner, facts } = detect();
  expect(await facts).toEqual({ vendor: 'NONE', count: 0, architecture: '', devices: [], notes: [] });
  expect(runner.commands).toEqual([]);
});

test('NVIDIA GPUs come from one query', async () => {
  const stdout =
    '0, GPU-11111111-2222-3333-4444-555555555555, 550.54.15, 00000000:3B:00.0, 1652823012345, 81559, NVIDIA H100 80GB HBM3\n1, GPU-66666666-2222-3333-4444-555555555555, 550.54.15, 00000000:5D:00.0, [N/A], 81559, NVIDIA H100 80GB HBM3\n';
  const { runner, facts } = detect([{ when: '/usr/bin/nvidia-smi', stdout }], ['nvidia-smi']);
  expect(await facts).toMatchObject({
    vendor: 'NVIDIA',
    count: 2,
    architecture: 'NVIDIA H100 80GB HBM3',
    driver: '550.54.15',
    devices: [{ index: 0, uuid: 'GPU-11111111-2222-3333-4444-555555555555' }, { index: 1 }],
    notes: [],
  });
  // The other one asks for the version of CUDA.
  expect(runner.commands).toHaveLength(2);
});

test('firmware comes from the drivers themselves, and from nobody where they say none', async () => {
  const stdout =
    '0, GPU-11111111-2222-3333-4444-555555555555, 550.54.15, 00000000:3B:00.0, 1, 81559, H100\n1, GPU-66666666-2222-3333-4444-555555555555, 550.54.15, 00000000:5D:00.0, 2, 81559, H100\n';
  await file(
    '/proc/driver/nvidia/gpus/0000:3b:00.0/information',
    'Model: \t\t NVIDIA H100\nIRQ:   \t\t 120\nVideo BIOS: \t 96.00.89.00.01\nBus Type: \t PCIe\n',
  );
  await file('/proc/driver/nvidia/gpus/0000:5d:00.0/information', 'Video BIOS: \t ??.??.??.??.??\n');
  const { facts } = detect([{ when: '/usr/bin/nvidia-smi', stdout }], ['nvidia-smi']);
  expect((await facts).devices.map(({ firmware }) => firmware)).toEqual(['96.00.89.00.01', undefined]);
});

test('firmware of AMD GPUs is the video BIOS that amdgpu names', async () => {
  await file('/dev/kfd');
  await file('/sys/bus/pci/devices/0000:c1:00.0/vbios_version', '113-M3000100-103\n');
  const stdout = JSON.stringify([{ gpu: 0, bdf: '0000:C1:00.0', uuid: 'aa' }]);
  const { facts } = detect([{ when: ['/usr/bin/amd-smi', 'list'], stdout }], ['amd-smi']);
  expect((await facts).devices[0]?.firmware).toBe('113-M3000100-103');
});

test('the list of nvidia-smi serves where the query fails, with MIG slices in place of their GPU', async () => {
  const { facts } = detect(
    [
      {
        when: ['/usr/bin/nvidia-smi', '-L'],
        stdout: 'GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-aa)\n  MIG 1g.10gb     Device  0: (UUID: MIG-bb)\n',
      },
      {
        when: '/usr/bin/nvidia-smi',
        exitCode: 2,
        stderr: 'Field "driver_version" is not a valid field to query.',
      },
    ],
    ['nvidia-smi'],
  );
  expect(await facts).toMatchObject({
    count: 1,
    architecture: 'NVIDIA A100-SXM4-80GB',
    devices: [{ uuid: 'MIG-bb', mig: { parent: 0, parentUuid: 'GPU-aa', slice: 0, profile: '1g.10gb' } }],
  });
});

test('a tool without a driver makes no GPU, but a note', async () => {
  const { facts } = detect(
    [
      {
        when: '/usr/bin/nvidia-smi',
        exitCode: 9,
        stdout: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
      },
    ],
    ['nvidia-smi'],
  );
  expect(await facts).toMatchObject({
    vendor: 'NONE',
    notes: [expect.stringContaining("couldn't communicate")],
  });
});

test('amd-smi counts, the driver knows the render nodes', async () => {
  await twoMi300();
  const list = [
    { gpu: 0, bdf: '0000:05:00.0', uuid: '5cff-74a1', kfd_id: 1002, node_id: 2, partition_id: 0 },
    { gpu: 1, bdf: '0000:26:00.0', uuid: '12ff-74a1', kfd_id: 1001, node_id: 1, partition_id: 0 },
  ];
  const stdout = `WARNING: [user] is missing the render group\n${JSON.stringify(list, null, 4)}\n`;
  const { facts } = detect([{ when: '/usr/bin/amd-smi list -e --json', stdout }], ['amd-smi']);
  expect(await facts).toMatchObject({
    vendor: 'AMD',
    count: 2,
    architecture: 'gfx942',
    devices: [
      { index: 0, name: 'gfx942', renderNode: '/dev/dri/renderD128', uuid: '5cff-74a1' },
      { index: 1, name: 'gfx942', renderNode: '/dev/dri/renderD136', uuid: '12ff-74a1' },
    ],
    notes: [],
  });
});

test('an amd-smi that fails leaves the word to rocm-smi, with a note', async () => {
  await twoMi300();
  const hardware = [
    '===== ROCm System Management Interface =====',
    'GPU  NODE  DID     GUID   GFX VER  ',
    '0    2     0x74a1  1002   gfx942   ',
    '1    1     0x74a1  1001   gfx942   ',
  ].join('\n');
  const { facts } = detect(
    [
      { when: '/usr/bin/amd-smi', exitCode: 255, stderr: 'Unable to initialize' },
      { when: '/usr/bin/rocm-smi --showhw', stdout: hardware },
    ],
    ['amd-smi', 'rocm-smi'],
  );
  const found = await facts;
  expect(found.devices.map(({ renderNode }) => renderNode)).toEqual([
    '/dev/dri/renderD128',
    '/dev/dri/renderD136',
  ]);
  expect(found.notes[0]).toContain('Unable to initialize');
});

test('the driver alone is enough', async () => {
  await twoMi300();
  const { runner, facts } = detect();
  expect(await facts).toMatchObject({
    vendor: 'AMD',
    count: 2,
    architecture: 'gfx942',
    devices: [
      { index: 0, renderNode: '/dev/dri/renderD136', uuid: '112210f47de98115' },
      { index: 1, renderNode: '/dev/dri/renderD128' },
    ],
  });
  expect(runner.commands).toEqual([]);
});

test('tools without a readable driver give count, architecture and name', async () => {
  const rocminfo = [
    'Agent 1',
    '  Name:                    AMD EPYC 9654',
    '  Marketing Name:          AMD EPYC 9654',
    'Agent 2',
    '  Name:                    gfx90a',
    '  Uuid:                    GPU-1',
    '  Marketing Name:          AMD Instinct MI250X',
    '      Name:                    amdgcn-amd-amdhsa--gfx90a:sramecc+:xnack-',
  ].join('\n');
  const list = [{ gpu: 0, render: 'renderD129' }];
  const { facts } = detect(
    [
      { when: '/usr/bin/amd-smi', stdout: JSON.stringify(list) },
      { when: '/usr/bin/rocminfo', stdout: rocminfo },
    ],
    ['amd-smi', 'rocminfo'],
  );
  expect(await facts).toMatchObject({
    architecture: 'gfx90a',
    devices: [{ index: 0, name: 'AMD Instinct MI250X', renderNode: '/dev/dri/renderD129' }],
  });
});

test('Intel GPUs have the render node of their card and its group', async () => {
  await file('/sys/class/drm/card1/device/drm/renderD128');
  await file('/dev/dri/renderD128');
  const list = {
    device_list: [
      {
        device_id: 0,
        device_name: 'Intel(R) Data Center GPU Max 1550',
        drm_device: '/dev/dri/card1',
        uuid: 'x',
      },
    ],
  };
  const { facts } = detect([{ when: '/usr/bin/xpu-smi', stdout: JSON.stringify(list) }], ['xpu-smi']);
  expect(await facts).toMatchObject({
    vendor: 'INTEL',
    count: 1,
    architecture: 'Intel(R) Data Center GPU Max 1550',
    devices: [{ renderNode: '/dev/dri/renderD128', renderGroup: expect.any(Number) }],
  });
});

const fixture = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../../test/fixture/device', name), 'utf8');

test('everything about AMD GPUs is found: products, serials, memory, NUMA, ROCm and HIP', async () => {
  await twoMi300();
  await file('/sys/bus/pci/devices/0000:05:00.0/numa_node', '1\n');
  await file('/sys/module/amdgpu/version', '6.12.12\n');
  await file('/opt/rocm-6.4.1/.info/version', '6.4.1-83\n');
  const { facts } = detect(
    [
      { when: '/usr/bin/amd-smi list -e --json', stdout: fixture('amd-smi/list-rocm-6.4.json') },
      { when: '/usr/bin/amd-smi static', stdout: fixture('amd-smi/static-rocm-6.4.json') },
      { when: '/usr/bin/hipconfig', stdout: '6.4.43483-a187df25c' },
    ],
    ['amd-smi', 'hipconfig'],
  );
  expect(await facts).toMatchObject({
    driver: '6.12.12',
    toolkit: { name: 'HIP', version: '6.4' },
    rocmPath: '/opt/rocm-6.4.1',
    devices: [
      {
        index: 0,
        name: 'AMD Instinct MI300X',
        serial: '692251000011',
        pciAddress: '0000:05:00.0',
        numaNode: 1,
        memoryBytes: 196592 * 1024 ** 2,
        renderNode: '/dev/dri/renderD128',
        kfdId: 1002,
        runtimeIndex: 1,
      },
      { index: 1, runtimeIndex: 0 },
    ],
    notes: [],
  });
});

test('the tools of MAD_ROCM_PATH are asked before those on PATH', async () => {
  await twoMi300();
  const runner = fakeRunner(
    [{ when: '/my/rocm/bin/amd-smi', stdout: fixture('amd-smi/list-rocm-6.4.json') }],
    {
      'amd-smi': '/usr/bin/amd-smi',
      '/my/rocm/bin/amd-smi': '/my/rocm/bin/amd-smi',
    },
  );
  const facts = await detectGpus(runner, { root, rocmPath: '/my/rocm' });
  expect(facts).toMatchObject({ count: 2, rocmPath: '/my/rocm' });
  expect(runner.lines.filter((line) => line.startsWith('/usr/bin'))).toEqual([]);
});

test('a lost NVIDIA GPU hides no other', async () => {
  const { facts } = detect(
    [
      {
        when: '/usr/bin/nvidia-smi --query-gpu',
        exitCode: 255,
        stdout: fixture('nvidia-smi/query-lost-gpu.csv'),
      },
      {
        when: (argv) => argv[1]?.startsWith('--query-gpu') ?? false,
        exitCode: 255,
        stdout: fixture('nvidia-smi/query-lost-gpu.csv'),
      },
      { when: '/usr/bin/nvidia-smi', stdout: fixture('nvidia-smi/table-550.txt') },
    ],
    ['nvidia-smi'],
  );
  expect(await facts).toMatchObject({
    count: 1,
    toolkit: { name: 'CUDA', version: '12.4' },
    notes: [expect.stringContaining('exit code 255')],
  });
});

test('a tool that hangs is ended, and the next source is asked', async () => {
  await twoMi300();
  const { runner, facts } = detect([{ when: '/usr/bin/amd-smi', end: { kind: 'timed-out' } }], ['amd-smi']);
  expect(await facts).toMatchObject({ count: 2, notes: [expect.stringContaining('timed-out')] });
  // The list and, beside it, the products: each question that hangs costs a minute.
  expect(runner.commands).toHaveLength(2);
});

test('a GPU that a tool lists twice is one', async () => {
  const list = [{ gpu: 0, render: 'renderD128' }, { gpu: 1, render: 'renderD129' }, { gpu: 0 }];
  const answers = [{ when: '/usr/bin/amd-smi', stdout: JSON.stringify(list) }];
  const facts = await detect(answers, ['amd-smi']).facts;
  expect([facts.count, facts.devices.map(({ index }) => index)]).toEqual([2, [0, 1]]);
});

test('without tools the driver tells the product, and a driver without a GPU is told', async () => {
  await file('/dev/kfd');
  expect((await detect().facts).notes).toEqual([expect.stringContaining('driver of AMD')]);
  const properties = 'gfx_target_version 90402\ndrm_render_minor 128\nlocation_id 49408\ndomain 0\n';
  await file(`${kfdNodes}/1/properties`, properties);
  await file('/sys/bus/pci/devices/0000:c1:00.0/product_name', 'AMD Instinct MI300X OAM\n');
  expect(await detect().facts).toMatchObject({
    architecture: 'gfx942',
    devices: [{ name: 'AMD Instinct MI300X OAM', pciAddress: '0000:c1:00.0' }],
  });
});

test('partitions of a GPU have its place in the machine, and each its own render node', async () => {
  await file('/sys/bus/pci/devices/0000:05:00.0/numa_node', '1\n');
  const uuid = 'abff74a1-0000-1000-80d1-3c23a9580558';
  const list = [0, 1].map((gpu) => ({ gpu, bdf: `0000:05:00.${gpu}`, uuid, render: `renderD${128 + gpu}` }));
  const answers = [{ when: '/usr/bin/amd-smi', stdout: JSON.stringify(list) }];
  expect((await detect(answers, ['amd-smi']).facts).devices).toMatchObject([
    { renderNode: '/dev/dri/renderD128', pciAddress: '0000:05:00.0', numaNode: 1 },
    { renderNode: '/dev/dri/renderD129', pciAddress: '0000:05:00.0', numaNode: 1 },
  ]);
});

test('tools that know no GPU are named', async () => {
  const answers = [
    { when: '/usr/bin/amd-smi', stdout: '[]' },
    { when: '/usr/bin/xpu-smi', stdout: 'No GPU devices found.' },
  ];
  expect((await detect(answers, ['amd-smi', 'xpu-smi']).facts).notes).toEqual([
    'amd-smi names no GPU.',
    'xpu-smi names no GPU.',
  ]);
});

test('variables of the environment leave fewer GPUs than there are', async () => {
  await twoMi300();
  const facts = await detectGpus(fakeRunner([]), { root, env: { HIP_VISIBLE_DEVICES: '1' } });
  expect(facts).toMatchObject({ count: 2, offered: [1], limitedBy: ['HIP_VISIBLE_DEVICES=1'] });
});

test('vendors of plugins are asked first, one of the name of ours in its place, and a failure leaves room for ours', async () => {
  await file('/dev/odd');
  const found = { architecture: 'x', devices: [{ index: 0, name: 'x' }], count: 1, notes: [] };
  const vendor = (name: string, count: number) => ({
    ...{ name, programs: [], files: ['/dev/odd'] },
    load: async () => async () => ({ ...found, vendor: name, count, notes: [`asked ${name}`] }),
  });
  const runner = fakeRunner([]);
  const vendors = [vendor('ODD', 0), vendor('AMD', 1), vendor('LATE', 1)];
  await file('/dev/kfd');
  const facts = await detectGpus(runner, { root, vendors });
  expect(facts).toMatchObject({ vendor: 'AMD', count: 1, notes: ['asked ODD', 'asked AMD'] });
});

test('the slices of a divided GPU are devices in its place, and count behind the last GPU', async () => {
  await file('/sys/bus/pci/devices/0000:3b:00.0/numa_node', '1\n');
  const query =
    '0, GPU-7c3b2e44-1f50-63d9-ac82-2b3e4f506172, 550.54.15, 00000000:3B:00.0, 165, 40960, Enabled, NVIDIA A100-SXM4-40GB\n' +
    '1, GPU-8d4c3f55-2061-74ea-bd93-3c4f50617283, 550.54.15, 00000000:5D:00.0, 166, 32768, [N/A], Tesla V100-SXM2-32GB\n' +
    '2, GPU-9e5d4066-3172-85fb-cea4-4d5061728394, 550.54.15, 00000000:86:00.0, 167, 40960, Enabled, NVIDIA A100-SXM4-40GB\n';
  const answers: FakeAnswer[] = [
    { when: ['/usr/bin/nvidia-smi', '-L'], stdout: fixture('nvidia-smi/list-mig-470.txt') },
    { when: (argv) => argv[1]?.startsWith('--query-gpu') ?? false, stdout: query },
    { when: '/usr/bin/nvidia-smi', stdout: fixture('nvidia-smi/table-550.txt') },
  ];
  const facts = await detect(answers, ['nvidia-smi']).facts;
  expect(facts).toMatchObject({ count: 3, architecture: 'NVIDIA A100-SXM4-40GB' });
  expect(facts.devices).toMatchObject([
    { index: 1, name: 'Tesla V100-SXM2-32GB', memoryBytes: 32768 * 1024 ** 2 },
    ...[0, 1].map((slice) => ({
      index: 3 + slice,
      name: 'NVIDIA A100-SXM4-40GB MIG 3g.20gb',
      uuid: expect.stringMatching(/^MIG-/),
      pciAddress: '0000:3b:00.0',
      numaNode: 1,
      mig: { parent: 0, parentUuid: 'GPU-7c3b2e44-1f50-63d9-ac82-2b3e4f506172', slice, profile: '3g.20gb' },
    })),
  ]);
  expect(facts.devices[1]?.memoryBytes).toBeUndefined();
  expect(facts.notes).toEqual([expect.stringMatching(/^GPU 2 is in MIG mode and has no slices/)]);
});

test('a driver that does not know of MIG is asked again without it', async () => {
  const { runner, facts } = detect(
    [
      {
        when: (argv) => argv[1]?.includes('mig.mode.current') ?? false,
        exitCode: 2,
        stdout: 'Field "mig.mode.current" is not a valid field to query.\n',
      },
      {
        when: (argv) => argv[1]?.startsWith('--query-gpu') ?? false,
        stdout: '0, GPU-aaaa, 440.33, 00000000:3B:00.0, 1, 32768, Tesla V100-SXM2-32GB\n',
      },
      { when: '/usr/bin/nvidia-smi', stdout: fixture('nvidia-smi/table-550.txt') },
    ],
    ['nvidia-smi'],
  );
  expect(await facts).toMatchObject({ count: 1, devices: [{ index: 0, uuid: 'GPU-aaaa' }], notes: [] });
  expect(runner.lines).not.toContain('/usr/bin/nvidia-smi -L');
});

test('on a machine with GPUs of two vendors, the one that was named is asked first', async () => {
  const programs = ['nvidia-smi', 'amd-smi'];
  const answers: FakeAnswer[] = [
    { when: '/usr/bin/amd-smi', stdout: '[{"gpu": 0, "render": "renderD128"}]' },
    { when: '/usr/bin/nvidia-smi', stdout: '0, GPU-aaaa, 550, 00000000:3B:00.0, 1, 81559, Disabled, H100\n' },
  ];
  const runner = (): ReturnType<typeof fakeRunner> =>
    fakeRunner(answers, Object.fromEntries(programs.map((name) => [name, `/usr/bin/${name}`])));
  const vendorOf = async (preferred?: string): Promise<string> =>
    (await detectGpus(runner(), { root, ...(preferred === undefined ? {} : { preferred }) })).vendor;
  expect([await vendorOf(), await vendorOf('amd'), await vendorOf('INTEL')]).toEqual([
    'NVIDIA',
    'AMD',
    'NVIDIA',
  ]);
});
