import type { CommandRunner } from '../command/command.ts';
import type { GpuFacts } from './gpu-facts.ts';
import type { HealthReader, HealthReading } from './gpu-health.ts';
import { type MachineViewOptions, machineView } from './machine-view.ts';

/** Never throws. */
export async function readHealth(
  runner: CommandRunner,
  facts: GpuFacts,
  gpus: readonly number[],
  options: MachineViewOptions = {},
): Promise<HealthReading> {
  const unanswered = new Set<string>();
  const plain = machineView(runner, { ...options, onHung: (path) => unanswered.add(path) });
  const machine = facts.rocmPath === undefined ? plain : plain.withTools(`${facts.rocmPath}/bin`, 'after');
  const devices = facts.devices.filter(({ index }) => gpus.includes(index));
  const [reader, log] = await Promise.all([readerOf(facts), import('./kernel-log.ts')]);
  const [readings, kernelErrors] = await Promise.all([
    reader(machine, devices),
    log.readKernelErrors(machine, devices),
  ]);
  return { gpus: readings, kernelErrors, unanswered: [...unanswered] };
}

async function readerOf({ vendor }: GpuFacts): Promise<HealthReader> {
  switch (vendor) {
    case 'AMD':
      return (await import('./amd-health.ts')).readAmdHealth;
    case 'NVIDIA':
      return (await import('./nvidia-health.ts')).readNvidiaHealth;
    case 'INTEL':
      return (await import('./intel-health.ts')).readIntelHealth;
    default:
      return async () => new Map();
  }
}
