/**
 * AMD's compute driver describes its devices in sysfs, one folder per node, CPUs among them: the kernel's
 * `drivers/gpu/drm/amd/amdkfd/kfd_topology.c` writes the properties.
 */
import type { MachineView } from './machine-view.ts';

const topology = '/sys/class/kfd/kfd/topology/nodes';

export interface KfdNode {
  /** Number of the folder; amd-smi calls it `node_id`. */
  node: number;
  /** What rocm-smi and amd-smi call the GPU or KFD id. */
  gpuId: number;
  /** Such as `gfx942`. */
  architecture: string;
  /** Absolute path; undefined for a device without graphics interface. */
  renderNode: string | undefined;
  /** 16 hexadecimal digits; undefined where the hardware has none. */
  uniqueId: string | undefined;
  pciAddress: string | undefined;
  memoryBytes: number | undefined;
}

/** The GPUs among the nodes, in the driver's order. */
export async function readKfd(machine: MachineView): Promise<KfdNode[]> {
  const names = (await machine.names(topology)).filter((name) => /^\d+$/.test(name));
  const nodes = await Promise.all(names.map((name) => readNode(machine, Number(name))));
  return nodes.filter((node) => node !== undefined).sort((a, b) => a.node - b.node);
}

async function readNode(machine: MachineView, node: number): Promise<KfdNode | undefined> {
  const folder = `${topology}/${node}`;
  const [text, gpuId] = await Promise.all([
    machine.text(`${folder}/properties`),
    machine.text(`${folder}/gpu_id`),
  ]);
  const properties = parseProperties(text ?? '');
  const version = Number(properties.get('gfx_target_version') ?? '0');
  // CPUs have version 0.
  if (version === 0) return undefined;
  const minor = Number(properties.get('drm_render_minor') ?? '0');
  const uniqueId = BigInt(properties.get('unique_id') ?? '0');
  return {
    node,
    gpuId: Number(gpuId ?? '0'),
    architecture: gfxName(version),
    renderNode: minor > 0 ? `/dev/dri/renderD${minor}` : undefined,
    uniqueId: uniqueId === 0n ? undefined : uniqueId.toString(16).padStart(16, '0'),
    pciAddress: addressOf(properties),
    memoryBytes: await memoryOf(machine, folder),
  };
}

/** Bus in the upper byte, five bits of device and three of function below it; old drivers have no domain. */
function addressOf(properties: ReadonlyMap<string, string>): string | undefined {
  const location = Number(properties.get('location_id') ?? '0');
  if (location === 0 || location > 0xffff) return undefined;
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const domain = hex(Number(properties.get('domain') ?? '0'), 4);
  return `${domain}:${hex(location >> 8, 2)}:${hex((location >> 3) & 31, 2)}.${location & 7}`;
}

async function memoryOf(machine: MachineView, folder: string): Promise<number | undefined> {
  const banks = await machine.names(`${folder}/mem_banks`);
  const texts = await Promise.all(
    banks.map((bank) => machine.text(`${folder}/mem_banks/${bank}/properties`)),
  );
  const sizes = texts.map((text) => Number(parseProperties(text ?? '').get('size_in_bytes') ?? '0'));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return total > 0 ? total : undefined;
}

/** Lines of a name, one blank and a number. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^(\w+) (\d{1,20})\s*$/.exec(line);
    if (match?.[1] && match[2]) properties.set(match[1], match[2]);
  }
  return properties;
}

/** 90402 -> gfx942, 90010 -> gfx90a: two decimal digits each for minor and stepping, printed as hexadecimal. */
export function gfxName(version: number): string {
  const major = Math.floor(version / 10_000);
  const minor = Math.floor(version / 100) % 100;
  return `gfx${major}${minor.toString(16)}${(version % 100).toString(16)}`;
}
