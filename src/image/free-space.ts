/** Free space in the engine's storage, looked at before builds and pulls: they fail late and leave half an image there. */
import { statfs } from 'node:fs/promises';
import { MadError } from '../foundation/error.ts';
import type { Emit } from '../foundation/event.ts';
import type { Engine } from '../machine/engine/engine.ts';

const mebibyte = 1024 ** 2;
/** Below this no image of a model fits, and engines themselves begin to fail. */
const tooLittle = 256 * mebibyte;
/** Images of GPU software have several GiB. */
export const littleSpace = 5 * 1024 * mebibyte;

export interface FreeSpaceOptions {
  engine: Engine;
  emit: Emit;
  /** Free bytes for users at a path; undefined where nobody knows. */
  freeBytes?(path: string): Promise<number | undefined>;
}

/** Engines whose users were warned already. */
const warned = new WeakSet<Engine>();

/**
 * Warns once when the engine's storage has less than 5 GiB left; throws DISK_FULL below 256 MiB. Looks at nothing when
 * the storage is on another machine or its place isn't known.
 */
export async function requireFreeSpace({
  engine,
  emit,
  freeBytes = freeBytesAt,
}: FreeSpaceOptions): Promise<void> {
  const { storage, kind } = await engine.capabilities('run');
  const free = await freeSpace(engine, freeBytes);
  if (free === undefined || free >= littleSpace) return;
  const left = `${sizeText(free)} left in ${storage}, where ${kind} keeps images`;
  const hint = `See what takes the space with \`${kind} system df\`, and free some with \`${kind} image prune\`.`;
  if (free < tooLittle) {
    throw new MadError(
      'DISK_FULL',
      `Only ${left}: nothing is built or pulled below ${sizeText(tooLittle)}.`,
      {
        hint,
      },
    );
  }
  if (warned.has(engine)) return;
  warned.add(engine);
  emit({ type: 'notice', level: 'warning', code: 'LITTLE_SPACE', message: `only ${left}`, hint });
}

/** Bytes; undefined where the storage is on another machine or its place isn't known. */
export async function freeSpace(
  engine: Engine,
  freeBytes: NonNullable<FreeSpaceOptions['freeBytes']> = freeBytesAt,
): Promise<number | undefined> {
  const { storage, sharesFiles, kind } = await engine.capabilities('run');
  return storage === undefined || !sharesFiles || kind === 'host' ? undefined : freeBytes(storage);
}

async function freeBytesAt(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    // A virtual machine's path, or one that only root may see.
    return undefined;
  }
}

const sizeText = (bytes: number): string =>
  bytes < 1024 * mebibyte
    ? `${Math.floor(bytes / mebibyte)} MiB`
    : `${(bytes / (1024 * mebibyte)).toFixed(1)} GiB`;
