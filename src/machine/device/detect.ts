/** Which GPUs this machine has. A machine without GPU tools and device files pays nothing: no process is started. */
import type { CommandRunner } from '../command/command.ts';
import type { GpuFacts } from './gpu-facts.ts';
import { type Detector, machineView } from './machine-view.ts';

export type { GpuDevice, GpuFacts, GpuVendor } from './gpu-facts.ts';

/** In the order in which they are asked; the first that finds a GPU decides, as in the Python tool. */
const vendors: readonly (() => Promise<Detector>)[] = [
  async () => (await import('./nvidia.ts')).nvidia,
  async () => (await import('./amd.ts')).amd,
  async () => (await import('./intel.ts')).intel,
];

/** Never throws: what could not be found out stands in `notes`. `root` is where `/dev` and `/sys` are looked for. */
export async function detectGpus(
  runner: CommandRunner,
  options: { root?: string; signal?: AbortSignal } = {},
): Promise<GpuFacts> {
  const machine = machineView(runner, options);
  const notes: string[] = [];
  for (const load of vendors) {
    const { traces, detect } = await load();
    if (!(await machine.has(traces))) continue;
    const facts = await detect(machine);
    notes.push(...facts.notes);
    if (facts.count > 0) return { ...facts, notes };
  }
  return { vendor: 'NONE', count: 0, architecture: '', devices: [], notes };
}
