/** Engine options that give a container GPUs, as argv words. Source of the sets: `v1-formats` of the Python tool, 4.4. */
import { MadError } from '../../foundation/error.ts';
import type { GpuDevice, GpuFacts, GpuVendor } from './gpu-facts.ts';

const debuggable = [
  '--cap-add=SYS_PTRACE',
  '--cap-add=SYS_ADMIN',
  '--device=/dev/fuse',
  '--security-opt=seccomp=unconfined',
  '--security-opt=apparmor=unconfined',
];

const everywhere = ['--network=host', '--ipc=host'];

const optionsOf: Readonly<Record<GpuVendor, readonly string[]>> = {
  AMD: [...everywhere, ...debuggable],
  NVIDIA: [...everywhere, '--cap-add=SYS_NICE', ...debuggable],
  INTEL: everywhere,
  NONE: everywhere,
};

const isOurs = (vendor: string): vendor is GpuVendor => Object.hasOwn(optionsOf, vendor);

/** What every container on a machine of this vendor gets, GPUs or not. */
export function vendorOptions(vendor: GpuFacts['vendor']): string[] {
  return [...(isOurs(vendor) ? optionsOf[vendor] : everywhere)];
}

/**
 * The devices of these GPUs, named by their index. podman knows no `--gpus`, it reads NVIDIA's own description of the
 * devices (CDI). Throws DEVICE_UNAVAILABLE for a GPU that isn't there.
 */
export function gpuOptions(
  facts: GpuFacts,
  gpus: readonly number[],
  engine: 'docker' | 'podman' = 'docker',
): string[] {
  if (gpus.length === 0) return [];
  const chosen = gpus.map((index) => deviceAt(facts, index));
  switch (facts.vendor) {
    case 'AMD':
      // An image without that group can't start with it, so containers without a GPU aren't asked to join.
      return ['--group-add=video', '--device=/dev/kfd', ...renderNodes(chosen)];
    case 'NVIDIA':
      // Slices have their UUIDs in CDI only since version 1.15 of NVIDIA's toolkit.
      if (engine === 'podman')
        return chosen.map(
          ({ index, mig }) => `--device=nvidia.com/gpu=${mig ? `${mig.parent}:${mig.slice}` : index}`,
        );
      // The value is CSV to the client: the quotes keep the comma inside it.
      return ['--gpus', `"device=${chosen.map(({ index, uuid, mig }) => (mig ? uuid : index)).join(',')}"`];
    case 'INTEL':
      return [...renderNodes(chosen), ...renderGroups(chosen)];
    case 'NONE':
      return [];
    default:
      return [
        ...(facts.containerOptions ?? []),
        ...chosen.flatMap(({ deviceFiles = [] }) => deviceFiles.map((file) => `--device=${file}`)),
      ];
  }
}

function deviceAt(facts: GpuFacts, index: number): GpuDevice {
  const device = facts.devices.find((candidate) => candidate.index === index);
  if (device) return device;
  throw new MadError('DEVICE_UNAVAILABLE', `There is no GPU ${index} here; there are ${facts.count}.`, {
    hint: 'Name GPUs that exist in docker_gpus, or ask for fewer in n_gpus.',
  });
}

function renderNodes(devices: readonly GpuDevice[]): string[] {
  return devices.map(({ index, renderNode }) => {
    if (renderNode !== undefined) return `--device=${renderNode}`;
    throw new MadError('DEVICE_UNAVAILABLE', `The render node of GPU ${index} is not known.`, {
      hint: 'Check that the driver is loaded and that this user may read /sys/class/kfd and /dev/dri.',
    });
  });
}

function renderGroups(devices: readonly GpuDevice[]): string[] {
  const groups = new Set(
    devices.flatMap(({ renderGroup }) => (renderGroup === undefined ? [] : [renderGroup])),
  );
  return [...groups].map((group) => `--group-add=${group}`);
}

/** Options of ours that an engine takes once, by what a card says instead. */
const givenUp: readonly [ours: string, cards: RegExp][] = [
  // `--shm-size` has no effect on the host's shared memory.
  ['--ipc=host', /^--(?:shm-size|ipc)(?:=|$)/],
  ['--network=host', /^--net(?:work)?(?:=|$)/],
];

/** The vendor's options, then the card's, which win where an engine takes only one. */
export function withCardsOptions(vendor: readonly string[], card: readonly string[]): string[] {
  const without = givenUp.filter(([, cards]) => card.some((word) => cards.test(word))).map(([ours]) => ours);
  return [...vendor.filter((word) => !without.includes(word)), ...card];
}
