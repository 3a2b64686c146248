/** The names by which people, environments and schedulers call a GPU. */
import type { GpuDevice } from './gpu-facts.ts';

/**
 * The devices of that name: a number as the vendor's tool counts, the beginning of a UUID, or `0:1`, the second MIG slice
 * of GPU 0. The name of a GPU that is divided stands for all its slices.
 */
export function devicesNamed(devices: readonly GpuDevice[], word: string): GpuDevice[] {
  const own = devices.find((device) => isOwnName(device, word));
  if (own) return [own];
  return devices.filter(({ mig }) => mig && (String(mig.parent) === word || isUuidOf(word, mig.parentUuid)));
}

function isOwnName({ index, uuid, uniqueId, mig }: GpuDevice, word: string): boolean {
  if (/^\d+$/.test(word)) return index === Number(word);
  return (
    (mig !== undefined && word === `${mig.parent}:${mig.slice}`) ||
    isUuidOf(word, uuid) ||
    isUuidOf(word, uniqueId)
  );
}

/** `GPU-5a1f` stands for every UUID that begins so; AMD's tools leave the `GPU-` out. */
function isUuidOf(word: string, uuid: string | undefined): boolean {
  const bare = (text: string): string => text.toLowerCase().replace(/^gpu-/, '').replace(/^0x/, '');
  return uuid !== undefined && bare(word).length >= 4 && bare(uuid).startsWith(bare(word));
}
