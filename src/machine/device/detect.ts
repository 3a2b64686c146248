/** Which GPUs this machine has. A machine without GPU tools and device files pays nothing: no process is started. */
import type { CommandRunner } from '../command/command.ts';
import type { GpuFacts } from './gpu-facts.ts';
import { type Detector, machineView, type Traces } from './machine-view.ts';

export type { GpuFacts } from './gpu-facts.ts';

/** Asked in this order; the first that finds a GPU decides, as in the Python tool. */
const vendors: readonly (Traces & { load(): Promise<Detector> })[] = [
  {
    programs: ['nvidia-smi'],
    files: ['/dev/nvidiactl', '/dev/nvidia0'],
    load: async () => (await import('./nvidia.ts')).detectNvidia,
  },
  {
    programs: ['amd-smi', 'rocm-smi', 'rocminfo'],
    files: ['/dev/kfd'],
    load: async () => (await import('./amd.ts')).detectAmd,
  },
  // Graphics that sit in the processor have render nodes too, so a node alone doesn't make a machine one of Intel's.
  { programs: ['xpu-smi'], files: [], load: async () => (await import('./intel.ts')).detectIntel },
];

/** Never throws: what could not be found out stands in `notes`. `root` is where `/dev` and `/sys` are looked for. */
export async function detectGpus(
  runner: CommandRunner,
  options: { root?: string; signal?: AbortSignal } = {},
): Promise<GpuFacts> {
  const machine = machineView(runner, options);
  const notes: string[] = [];
  for (const vendor of vendors) {
    if (!(await machine.has(vendor))) continue;
    const detect = await vendor.load();
    const facts = await detect(machine);
    notes.push(...facts.notes);
    if (facts.count > 0) return { ...facts, notes };
  }
  return { vendor: 'NONE', count: 0, architecture: '', devices: [], notes };
}
