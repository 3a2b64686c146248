import {
  type ListedGpu,
  parseAmdSmiList,
  parseAmdSmiStatic,
  parseRocminfo,
  parseRocmSmiHardware,
  parseRocmSmiIds,
  parseRocmSmiProducts,
} from './amd-tools.ts';
import type { GpuDevice, GpuFacts } from './gpu-facts.ts';
import { type KfdNode, readKfd } from './kfd.ts';
import type { Detector, MachineView, ToolAnswer } from './machine-view.ts';
import { withPciFacts } from './pci.ts';
import { findRocm } from './rocm-path.ts';
import { known, majorMinor, said } from './tool-output.ts';

/**
 * AMD GPUs: amd-smi, where it is missing or fails rocm-smi, where both do the driver's own description. The tools say
 * how users count the GPUs, the driver which render node belongs to which. `asked`: the context's `MAD_ROCM_PATH`.
 */
export const detectAmd =
  (asked?: string): Detector =>
  async (plain) => {
    const notes: string[] = [];
    const rocmPath = await findRocm(plain, asked);
    const machine = plain.withTools(`${rocmPath}/bin`, asked ? 'first' : 'after');
    const [nodes, tools, products, driver, version] = await Promise.all([
      readKfd(machine),
      listedByTools(machine, notes),
      productsByTools(machine),
      machine.text('/sys/module/amdgpu/version'),
      toolkitVersion(machine, rocmPath),
    ]);
    const listed = tools ?? listedByDriver(nodes);
    if (listed.length === 0) {
      if (notes.length === 0) notes.push('There is a driver of AMD, but nothing that names a GPU.');
      return { vendor: 'AMD', count: 0, architecture: '', devices: [], notes };
    }
    const described = listed.map((gpu) =>
      deviceOf({ ...products.get(gpu.index), ...gpu }, nodes, listed.length),
    );
    const agent =
      nodes.length > 0 && described.every(({ name }) => name !== '')
        ? undefined
        : await firstAgent(machine, notes);
    const architecture = nodes[0]?.architecture ?? agent?.architecture ?? '';
    const devices = await Promise.all(
      described.map(async (device) => {
        const pciAddress = await boardAddress(machine, device.pciAddress);
        const name = device.name || agent?.name || (await boardName(machine, pciAddress)) || architecture;
        return withPciFacts(machine, known<GpuDevice>({ ...device, name, pciAddress }));
      }),
    );
    for (const device of devices) {
      if (device.renderNode === undefined) notes.push(`GPU ${device.index} has no known render node.`);
    }
    return known<GpuFacts>({
      vendor: 'AMD',
      count: devices.length,
      architecture,
      devices,
      driver: driver || [...products.values()].find((product) => product.driver)?.driver,
      toolkit: version === undefined ? undefined : { name: 'HIP', version },
      rocmPath,
      notes,
    });
  };

async function listedByTools(machine: MachineView, notes: string[]): Promise<ListedGpu[] | undefined> {
  const ways: [string, string[], (output: string) => ListedGpu[]][] = [
    // `-e` adds the render nodes; versions that don't know it fail.
    ['amd-smi', ['list', '-e', '--json'], parseAmdSmiList],
    ['amd-smi', ['list', '--json'], parseAmdSmiList],
    ['rocm-smi', ['--showhw'], parseRocmSmiHardware],
    ['rocm-smi', ['--showid', '--csv'], parseRocmSmiIds],
  ];
  const problems: { tool: string; problem: string }[] = [];
  for (const [tool, args, parse] of ways) {
    const answer = await machine.tool(tool, args);
    const gpus = parse(answer?.output ?? '');
    if (gpus.length > 0) {
      // An older version that knows an option less is none.
      notes.push(...problems.filter((each) => each.tool !== tool).map((each) => each.problem));
      noteProblem(answer, notes);
      return gpus;
    }
    if (answer === undefined) continue;
    const problem = answer.problem ?? `${tool} names no GPU.`;
    if (!problems.some((each) => each.problem === problem)) problems.push({ tool, problem });
  }
  notes.push(...problems.map((each) => each.problem));
  return undefined;
}

/** Names and serial numbers, by index; none is fine. */
async function productsByTools(machine: MachineView): Promise<Map<number, ListedGpu>> {
  const ways: [string, string[], (output: string) => ListedGpu[]][] = [
    ['amd-smi', ['static', '--asic', '--board', '--vram', '--driver', '--json'], parseAmdSmiStatic],
    ['rocm-smi', ['--showproductname'], parseRocmSmiProducts],
  ];
  for (const [tool, args, parse] of ways) {
    const found = parse((await machine.tool(tool, args))?.output ?? '');
    if (found.length > 0) return new Map(found.map((gpu) => [gpu.index, gpu]));
  }
  return new Map();
}

function noteProblem(answer: ToolAnswer | undefined, notes: string[]): void {
  if (answer?.problem !== undefined) notes.push(answer.problem);
}

const listedByDriver = (nodes: readonly KfdNode[]): ListedGpu[] =>
  nodes.map(({ node }, index) => ({ index, node }));

function deviceOf(gpu: ListedGpu, nodes: readonly KfdNode[], count: number): GpuDevice {
  const node =
    nodes.find((candidate) => candidate.node === gpu.node || (gpu.gpuId && candidate.gpuId === gpu.gpuId)) ??
    onlyNodeAt(gpu.pciAddress, nodes) ??
    // A tool that names none of them counts as the driver does.
    (nodes.length === count ? nodes[gpu.index] : undefined);
  return known<GpuDevice>({
    index: gpu.index,
    runtimeIndex: node === undefined ? undefined : nodes.indexOf(node),
    name: gpu.name ?? '',
    renderNode: node?.renderNode ?? gpu.renderNode,
    uuid: gpu.uuid ?? node?.uniqueId,
    uniqueId: node?.uniqueId ?? gpu.uniqueId ?? uniqueIdIn(gpu.uuid),
    serial: gpu.serial,
    pciAddress: gpu.pciAddress ?? node?.pciAddress,
    memoryBytes: node?.memoryBytes ?? gpu.memoryBytes,
    kfdId: node?.gpuId || gpu.gpuId,
  });
}

/**
 * amd-smi's UUIDs hold the id in pieces, its upper byte first: `5cff74a1-0000-1000-8012-3456789abcde` is that of
 * `5c123456789abcde` (`amdsmi_uuid_gen` in ROCm/amdsmi).
 */
export function uniqueIdIn(uuid: string | undefined): string | undefined {
  const match = /^([0-9a-f]{2})[0-9a-f]{6}-0000-1000-80([0-9a-f]{2})-([0-9a-f]{12})$/i.exec(uuid ?? '');
  const id = match?.slice(1).join('').toLowerCase();
  return id === undefined || /^0+$/.test(id) ? undefined : id;
}

/** What stands on the board of a server's GPU: https://docs.kernel.org/gpu/amdgpu/driver-misc.html. */
const boardName = async (machine: MachineView, address: string | undefined): Promise<string | undefined> =>
  address && said(await machine.text(`/sys/bus/pci/devices/${address}/product_name`));

/** Partitions count as functions of their GPU (ROCm/rocm-systems #5805), and the kernel knows the first one only. */
async function boardAddress(machine: MachineView, address: string | undefined): Promise<string | undefined> {
  const first = address?.replace(/\.[1-7]$/, '.0');
  if (address === undefined || first === undefined || first === address) return address;
  const [own, board] = await Promise.all(
    [address, first].map((each) => machine.exists(`/sys/bus/pci/devices/${each}`)),
  );
  return board && !own ? first : address;
}

/** Partitions of one GPU share its address, so it may say too little. */
function onlyNodeAt(address: string | undefined, nodes: readonly KfdNode[]): KfdNode | undefined {
  const there = nodes.filter((node) => address !== undefined && node.pciAddress === address);
  return there.length === 1 ? there[0] : undefined;
}

async function firstAgent(
  machine: MachineView,
  notes: string[],
): Promise<{ architecture: string; name: string } | undefined> {
  const answer = await machine.tool('rocminfo', []);
  noteProblem(answer, notes);
  return parseRocminfo(answer?.output ?? '');
}

/** `hipconfig --version` prints `6.2.41134-65d174c3e`; without it, ROCm's own `6.2.4-120`. */
async function toolkitVersion(machine: MachineView, rocmPath: string): Promise<string | undefined> {
  const [answer, info] = await Promise.all([
    machine.tool('hipconfig', ['--version']),
    machine.text(`${rocmPath}/.info/version`),
  ]);
  return majorMinor(answer?.output ?? '') ?? majorMinor(info ?? '');
}
