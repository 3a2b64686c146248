/** MIG: GPUs of NVIDIA that are divided into slices, each a device of its own. */
import type { GpuDevice, MigSlice } from './gpu-facts.ts';
import { known } from './tool-output.ts';

export interface MaybeDivided {
  device: GpuDevice;
  /** Its MIG mode is on. */
  isDivided: boolean;
}

/**
 * The GPUs that are whole, then the slices of those that are not: a program can have nothing else of these. `list`:
 * what `nvidia-smi -L` says. A note is added for a GPU of which nobody can have anything.
 */
export function withSlices(gpus: readonly MaybeDivided[], list: string, notes: string[]): GpuDevice[] {
  const slices = parseSlices(list);
  const whole = gpus.filter(
    ({ device, isDivided }) => !isDivided && !slices.some(({ mig }) => mig.parent === device.index),
  );
  const first = Math.max(-1, ...gpus.map(({ device }) => device.index)) + 1;
  const devices = slices.flatMap(({ uuid, mig }) => {
    const gpu = gpus.find(({ device }) => device.index === mig.parent)?.device;
    return gpu ? [sliceOf(gpu, uuid, mig)] : [];
  });
  for (const { device, isDivided } of gpus) {
    if (!isDivided || devices.some(({ mig }) => mig?.parent === device.index)) continue;
    notes.push(
      `GPU ${device.index} is in MIG mode and has no slices: nothing can run on it. Make some (nvidia-smi mig -cgi … -C), or turn the mode off (nvidia-smi -mig 0).`,
    );
  }
  return [
    ...whole.map(({ device }) => device),
    ...devices.map((device, at) => ({ ...device, index: first + at })),
  ];
}

/** What its GPU's memory is, says nothing of the slice's. */
function sliceOf({ memoryBytes: _, ...gpu }: GpuDevice, uuid: string, mig: MigSlice): GpuDevice {
  return {
    ...gpu,
    name: `${gpu.name} MIG ${mig.profile}`.trim(),
    uuid,
    mig: known<MigSlice>({ ...mig, parentUuid: gpu.uuid }),
  };
}

/** Below a line `GPU 0: …`, lines such as `  MIG 1g.10gb     Device  0: (UUID: MIG-5a1f…)`; before driver 470 `(UUID: MIG-GPU-5a1f…/1/0)`. */
export function parseSlices(list: string): { uuid: string; mig: MigSlice }[] {
  let parent = -1;
  return list.split('\n').flatMap((line) => {
    parent = Number(/^GPU (\d{1,4}):/.exec(line)?.[1] ?? parent);
    const slice = /^\s+MIG (\S+)\s+Device\s+(\d{1,3}): \(UUID: (MIG-[\w/-]{1,80})\)\s*$/.exec(line);
    if (!slice || parent < 0) return [];
    const [, profile = '', number, uuid = ''] = slice;
    return [{ uuid, mig: { parent, slice: Number(number), profile } }];
  });
}
