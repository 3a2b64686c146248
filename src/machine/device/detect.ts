/** Which GPUs this machine has. A machine without GPU tools and device files pays nothing: no process is started. */
import type { CommandRunner } from '../command/command.ts';
import type { GpuFacts } from './gpu-facts.ts';
import { type Detector, type MachineViewOptions, machineView, type Traces } from './machine-view.ts';

export type { GpuFacts } from './gpu-facts.ts';

export interface DetectOptions extends MachineViewOptions {
  /** The context's `MAD_ROCM_PATH`. */
  rocmPath?: string;
  /** Asked first: the one that somebody named, on a machine with GPUs of several. */
  preferred?: string;
  /** Of plugins; asked before ours. */
  vendors?: readonly Vendor[];
}

/** One line of the registry: traces of its GPUs, and what then asks for them. */
export interface Vendor extends Traces {
  name: string;
  load(options: DetectOptions): Promise<Detector>;
}

/** Asked in this order; the first that finds a GPU decides, as in the Python tool. */
const vendors: readonly Vendor[] = [
  {
    name: 'NVIDIA',
    programs: ['nvidia-smi'],
    files: ['/dev/nvidiactl', '/dev/nvidia0'],
    load: async () => (await import('./nvidia.ts')).detectNvidia,
  },
  {
    name: 'AMD',
    programs: ['amd-smi', 'rocm-smi', 'rocminfo'],
    files: ['/dev/kfd'],
    load: async ({ rocmPath }) => (await import('./amd.ts')).detectAmd(rocmPath),
  },
  // Graphics that sit in the processor have render nodes too, so a node alone doesn't make a machine one of Intel's.
  {
    name: 'INTEL',
    programs: ['xpu-smi'],
    files: [],
    load: async () => (await import('./intel.ts')).detectIntel,
  },
];

function inOrder({ vendors: more = [], preferred }: DetectOptions): Vendor[] {
  const replaced = new Set(more.map(({ name }) => name));
  const all = [...more, ...vendors.filter(({ name }) => !replaced.has(name))];
  const isFirst = ({ name }: Vendor): number =>
    Number(name.toLowerCase() === preferred?.trim().toLowerCase());
  return all.sort((a, b) => isFirst(b) - isFirst(a));
}

const hungOf = (hung: ReadonlySet<string>): Pick<GpuFacts, 'hungTools'> =>
  hung.size === 0 ? {} : { hungTools: [...hung] };

/** A GPU that a tool lists twice is one: a number says which is meant. */
function onceEach(facts: GpuFacts): GpuFacts {
  const devices = [...new Map(facts.devices.map((device) => [device.index, device])).values()];
  return devices.length === facts.devices.length ? facts : { ...facts, count: devices.length, devices };
}

/** Never throws: what could not be found out stands in `notes`. Variables of `env` may offer fewer GPUs than there are. */
export async function detectGpus(runner: CommandRunner, options: DetectOptions = {}): Promise<GpuFacts> {
  const hung = options.hung ?? new Set<string>();
  const machine = machineView(runner, { ...options, hung });
  const notes: string[] = [];
  for (const vendor of inOrder(options)) {
    if (!(await machine.has(vendor))) continue;
    const detect = await vendor.load(options);
    const facts = onceEach(await detect(machine));
    notes.push(...facts.notes);
    if (facts.count === 0) continue;
    const { limitToVisible } = await import('./visible-devices.ts');
    return limitToVisible({ ...facts, ...hungOf(hung), notes }, options.env ?? {});
  }
  return { vendor: 'NONE', count: 0, architecture: '', devices: [], notes };
}
