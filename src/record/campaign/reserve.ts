import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toMadError } from '../../foundation/error.ts';

/** Room on the disk of the results, taken while there is some, for the records of a run that fills the disk. */
export interface Reserve {
  /** Gives the room back; nothing happens the second time. */
  release(): Promise<void>;
}

const fileName = 'room-for-records';
const bytesOfCampaign = 64 * 1024;
const bytesPerRun = 24 * 1024;
const mostBytes = 8 * 1024 * 1024;

/** For a campaign of so many runs. On a disk that is full already there is none. */
export async function reserveRoom(campaign: string, runs: number): Promise<Reserve> {
  const bytes = Math.min(bytesOfCampaign + runs * bytesPerRun, mostBytes);
  // What can be compressed, or is a hole, takes no room on some file systems.
  await writeFile(join(campaign, fileName), randomBytes(bytes), { mode: 0o600 }).catch(() => {});
  let released: Promise<void> | undefined;
  return {
    release() {
      released ??= releaseRoom(campaign);
      return released;
    },
  };
}

export const noReserve: Reserve = { release: async () => {} };

/** That of a campaign which died, too. */
export async function releaseRoom(campaign: string): Promise<void> {
  await rm(join(campaign, fileName), { force: true }).catch(() => {});
}

/** Does it once more, with the reserve, when the disk is full. The act must be one that fails without a trace. */
export async function withReserve<T>(reserve: Reserve, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (toMadError(error).code !== 'DISK_FULL') throw error;
    await reserve.release();
    return await act();
  }
}
