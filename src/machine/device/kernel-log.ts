/** Errors of GPUs in the kernel's log, where this user may read it. */
import type { GpuDevice } from './gpu-facts.ts';
import type { KernelError } from './gpu-health.ts';
import type { MachineView } from './machine-view.ts';

/**
 * Xids that a program's own fault brings about, says NVIDIA's list (https://docs.nvidia.com/deploy/xid-errors/): 13
 * graphics engine exception, 31 memory page fault, 43 stopped channel, 45 clean-up after the end of a process.
 */
const programsXids = new Set([13, 31, 43, 45]);

/** What the drivers of AMD and Intel write for errors of hardware, and for a GPU that had to be reset. */
const deviceTrouble = /uncorrectable|poison|GPU reset|fallen off|GPU HANG|wedged|device lost|fatal error/i;
const mended = /GPU reset.*(?:succeeded|successful)|no uncorrectable|0 uncorrectable/i;

/** Undefined where there is no log to be read. */
export async function readKernelErrors(
  machine: MachineView,
  devices: readonly GpuDevice[],
): Promise<KernelError[] | undefined> {
  const answer = await machine.tool('dmesg', []);
  if (answer === undefined || (answer.problem !== undefined && answer.output === '')) return undefined;
  return parseKernelLog(answer.output, devices);
}

export function parseKernelLog(log: string, devices: readonly GpuDevice[]): KernelError[] {
  return log.split('\n').flatMap((text) => {
    const line = text
      .replace(/\p{Cc}/gu, ' ')
      .trim()
      .slice(0, 400);
    const xid =
      /NVRM: Xid \(PCI:([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2})(?:\.\d)?(?: GPU-I:\d+)?\): (\d+)/i.exec(line);
    if (xid) {
      return errorsAt(devices, xid[1] ?? '', line, !programsXids.has(Number(xid[2])));
    }
    const other = /\b(?:amdgpu|i915|xe) ([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d)/i.exec(line);
    if (!other || !deviceTrouble.test(line) || mended.test(line)) return [];
    return errorsAt(devices, other[1] ?? '', line, true);
  });
}

/** An address may come without its function. */
function errorsAt(
  devices: readonly GpuDevice[],
  address: string,
  line: string,
  isDevices: boolean,
): KernelError[] {
  return devices
    .filter(({ pciAddress }) => pciAddress?.startsWith(address.toLowerCase()))
    .map(({ index }) => ({ gpu: index, line, isDevices }));
}
