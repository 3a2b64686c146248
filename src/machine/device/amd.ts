import type { GpuDevice } from './gpu-facts.ts';
import { type KfdNode, readKfd } from './kfd.ts';
import type { Detector, MachineView, ToolAnswer } from './machine-view.ts';

/** A GPU as a tool lists it. */
export interface ListedGpu {
  index: number;
  uuid?: string;
  node?: number;
  gpuId?: number;
  renderNode?: string;
}

/**
 * AMD GPUs: amd-smi, where it is missing or fails rocm-smi, where both do the driver's own description. The tools say
 * how users count the GPUs, the driver which render node belongs to which.
 */
export const detectAmd: Detector = async (machine) => {
  const notes: string[] = [];
  const nodes = await readKfd(machine);
  const listed = (await listedByTools(machine, notes)) ?? listedByDriver(nodes);
  const devices = listed.map((gpu) => deviceOf(gpu, nodes, listed.length));
  if (devices.length === 0) return { vendor: 'AMD', count: 0, architecture: '', devices, notes };
  const agent = nodes.length > 0 ? undefined : await firstAgent(machine, notes);
  const driver = await machine.text('/sys/module/amdgpu/version');
  for (const device of devices) {
    if (device.renderNode === undefined) notes.push(`GPU ${device.index} has no known render node.`);
  }
  const architecture = nodes[0]?.architecture ?? agent?.architecture ?? '';
  return {
    vendor: 'AMD',
    count: devices.length,
    architecture,
    devices: devices.map((device) => ({ ...device, name: device.name || agent?.name || architecture })),
    ...(driver ? { driver } : {}),
    notes,
  };
};

async function listedByTools(machine: MachineView, notes: string[]): Promise<ListedGpu[] | undefined> {
  const ways: [string, string[], (output: string) => ListedGpu[]][] = [
    // `-e` adds the render nodes; versions that don't know it fail.
    ['amd-smi', ['list', '-e', '--json'], parseAmdSmiList],
    ['amd-smi', ['list', '--json'], parseAmdSmiList],
    ['rocm-smi', ['--showhw'], parseRocmSmiHardware],
    ['rocm-smi', ['--showid', '--csv'], parseRocmSmiIds],
  ];
  for (const [tool, args, parse] of ways) {
    const answer = await machine.tool(tool, args);
    const gpus = answer && 'output' in answer ? parse(answer.output) : [];
    if (gpus.length > 0) return gpus;
    noteProblem(answer, notes);
  }
  return undefined;
}

function noteProblem(answer: ToolAnswer | undefined, notes: string[]): void {
  if (answer && 'problem' in answer) notes.push(answer.problem);
}

const listedByDriver = (nodes: readonly KfdNode[]): ListedGpu[] =>
  nodes.map(({ node }, index) => ({ index, node }));

function deviceOf(gpu: ListedGpu, nodes: readonly KfdNode[], count: number): GpuDevice {
  const node =
    nodes.find((candidate) => candidate.node === gpu.node || (gpu.gpuId && candidate.gpuId === gpu.gpuId)) ??
    // A tool that names neither counts as the driver does.
    (nodes.length === count ? nodes[gpu.index] : undefined);
  const renderNode = node?.renderNode ?? gpu.renderNode;
  const uuid = gpu.uuid ?? node?.uniqueId;
  return {
    index: gpu.index,
    name: node?.architecture ?? '',
    ...(renderNode ? { renderNode } : {}),
    ...(uuid ? { uuid } : {}),
  };
}

/** `amd-smi list --json`: a list of objects; warnings of the tool may stand before it. */
export function parseAmdSmiList(output: string): ListedGpu[] {
  const list = jsonListIn(output);
  return list.flatMap((item) => {
    if (item === null || typeof item !== 'object') return [];
    const entry = item as Record<string, unknown>;
    const index = wholeNumber(entry.gpu);
    if (index === undefined) return [];
    const node = wholeNumber(entry.node_id);
    const gpuId = wholeNumber(entry.kfd_id);
    const render = typeof entry.render === 'string' ? /^renderD\d+$/.exec(entry.render)?.[0] : undefined;
    const uuid = typeof entry.uuid === 'string' && /^[\w-]+$/.test(entry.uuid) ? entry.uuid : undefined;
    return [
      {
        index,
        ...(node === undefined ? {} : { node }),
        ...(gpuId === undefined ? {} : { gpuId }),
        ...(render ? { renderNode: `/dev/dri/${render}` } : {}),
        ...(uuid ? { uuid } : {}),
      },
    ];
  });
}

function jsonListIn(output: string): unknown[] {
  // The junk may hold brackets of its own, such as `[WARN] …`.
  for (let at = output.indexOf('['); at >= 0; at = output.indexOf('[', at + 1)) {
    try {
      const value: unknown = JSON.parse(output.slice(at, output.lastIndexOf(']') + 1));
      if (Array.isArray(value) && value.some((item) => typeof item === 'object')) return value;
    } catch {
      // Not here; try the next bracket.
    }
  }
  return [];
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 ? number : undefined;
}

/** `rocm-smi --showhw`: rows that begin with the GPU and, since ROCm 6, its node. */
export function parseRocmSmiHardware(output: string): ListedGpu[] {
  return output.split('\n').flatMap((line) => {
    const match = /^(\d+)\s+(\d+)\s/.exec(line);
    return match ? [{ index: Number(match[1]), node: Number(match[2]) }] : [];
  });
}

/** `rocm-smi --showid --csv`: one row `card0,0x74a1,…` per GPU. */
export function parseRocmSmiIds(output: string): ListedGpu[] {
  return output.split('\n').flatMap((line) => {
    const match = /^card(\d+)\s*,/.exec(line);
    return match ? [{ index: Number(match[1]) }] : [];
  });
}

async function firstAgent(
  machine: MachineView,
  notes: string[],
): Promise<{ architecture: string; name: string } | undefined> {
  const answer = await machine.tool('rocminfo', []);
  noteProblem(answer, notes);
  return answer && 'output' in answer ? parseRocminfo(answer.output) : undefined;
}

/** The first agent of `rocminfo` whose name begins with `gfx`, and its marketing name. */
export function parseRocminfo(output: string): { architecture: string; name: string } | undefined {
  const lines = output.split('\n');
  const start = lines.findIndex((line) => /^\s*Name:\s+gfx[0-9a-f]+/.test(line));
  const architecture = /gfx[0-9a-f]+/.exec(lines[start] ?? '')?.[0];
  if (architecture === undefined) return undefined;
  const rest = lines.slice(start + 1);
  const next = rest.findIndex((line) => /^\s*(?:Name:|Agent \d)/.test(line));
  const own = next < 0 ? rest : rest.slice(0, next);
  const name = own.map((line) => /^\s*Marketing Name:\s*(\S.*?)\s*$/.exec(line)?.[1]).find(Boolean);
  return { architecture, name: name ?? '' };
}
