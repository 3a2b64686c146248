/**
 * GPUs are leased host-wide by a kernel lock for each, so two programs on one machine, of whatever user, don't share one
 * by accident. A lease dies with the process that holds it.
 */
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../foundation/clock.ts';
import { MadError } from '../../foundation/error.ts';
import { errnoOf } from '../../foundation/file/errno.ts';
import { makeSharedSideFile } from '../../foundation/file/kernel-lock.ts';
import { type Lock, lockHolder, tryLock } from '../../foundation/file/lock.ts';
import type { GpuDevice, MigSlice } from './gpu-facts.ts';

export interface Lease {
  /** In the order of the candidates. */
  gpus: readonly number[];
  /** A second call does nothing. */
  release(): void;
}

export interface LeaseOptions {
  /** Absolute; the same for all programs of this machine, see `leaseFolder`. */
  folder: string;
  /** In order of preference. */
  candidates: readonly GpuDevice[];
  count: number;
  clock: Clock;
  signal: AbortSignal;
  /** Called when there are too few free ones, and again when others hold them. */
  onWait(holders: readonly string[]): void;
}

const pauseS = { shortest: 0.2, longest: 0.6 };
const anybody = 0o1777;

/**
 * Waits until `count` of the candidates are free at once. Who has a choice takes nothing while waiting; who needs all
 * keeps what is free already, in one order for everybody: nobody starves, and two who wait don't wait for each other.
 */
export async function leaseGpus(options: LeaseOptions): Promise<Lease> {
  const { candidates, count, clock, signal } = options;
  const needsAll = count >= candidates.length;
  const wanted = needsAll ? [...candidates].sort(byKey) : candidates;
  const held = new Map<number, Lock>();
  let told = '';
  try {
    for (;;) {
      signal.throwIfAborted();
      const busy = takeFree(options.folder, wanted, count, held, needsAll);
      if (held.size >= count) return leaseOf(candidates, held);
      if (!needsAll) releaseAll(held);
      const holders = busy.map((device) => holderOf(options.folder, device));
      if (holders.join() !== told) options.onWait(holders);
      told = holders.join();
      const pause = pauseS.shortest + Math.random() * (pauseS.longest - pauseS.shortest);
      await clock.sleep(pause * 1000, signal);
    }
  } catch (error) {
    releaseAll(held);
    throw error;
  }
}

/** These GPUs if nobody has any of them at this moment; else who has the first one that is taken, in words. */
export function tryLeaseGpus(
  folder: string,
  devices: readonly GpuDevice[],
): Lease | { busy: number; holder: string } {
  const held = new Map<number, Lock>();
  try {
    const [busy] = takeFree(folder, devices, devices.length, held, true);
    if (!busy) return leaseOf(devices, held);
    releaseAll(held);
    return { busy: busy.index, holder: holderOf(folder, busy) };
  } catch (error) {
    releaseAll(held);
    throw error;
  }
}

/** Returns those that others hold. With `inOrder` it stops at the first of them. */
function takeFree(
  folder: string,
  wanted: readonly GpuDevice[],
  count: number,
  held: Map<number, Lock>,
  inOrder: boolean,
): GpuDevice[] {
  const busy: GpuDevice[] = [];
  for (const device of wanted) {
    if (held.size >= count) break;
    if (held.has(device.index)) continue;
    const lock = sharedLock(wanted, device, held) ?? tryDevice(folder, device);
    if (lock) held.set(device.index, lock);
    else busy.push(device);
    if (!lock && inOrder) break;
  }
  return busy;
}

/** Parts of one GPU may have no name of their own; the lock of one is then that of all. */
function sharedLock(
  wanted: readonly GpuDevice[],
  device: GpuDevice,
  held: ReadonlyMap<number, Lock>,
): Lock | undefined {
  const twin = wanted.find((each) => held.has(each.index) && keyOf(each) === keyOf(device));
  return twin && held.get(twin.index);
}

function tryDevice(folder: string, device: GpuDevice): Lock | undefined {
  const path = lockPath(folder, device);
  makeSharedSideFile(path);
  const lock = tryLock(path, 'kernel');
  // Its own first: of two who look at each other's, one sees the other at least.
  if (!lock || relatives(folder, device).every(isFree)) return lock;
  lock.release();
  return undefined;
}

/** Locks that exclude the device's: that of the GPU which a slice belongs to, those of the slices of a GPU. */
function relatives(folder: string, device: GpuDevice): string[] {
  if (device.mig) {
    const gpu = lockOf(folder, keyOf(wholeOf(device, device.mig)));
    return existsSync(gpu) ? [gpu] : [];
  }
  const slices = `${keyOf(device)}${ofSlice}`;
  return readdirSync(folder)
    .filter((name) => name.startsWith(slices) && name.endsWith(lockEnding))
    .map((name) => join(folder, name));
}

function isFree(path: string): boolean {
  const lock = tryLock(path, 'kernel');
  lock?.release();
  return lock !== undefined;
}

/** As a program sees the GPU that doesn't know of its slices. */
const wholeOf = (
  { mig: _, uuid: __, ...shared }: GpuDevice,
  { parent, parentUuid }: MigSlice,
): GpuDevice => ({
  ...shared,
  index: parent,
  ...(parentUuid === undefined ? {} : { uuid: parentUuid }),
});

function leaseOf(candidates: readonly GpuDevice[], held: Map<number, Lock>): Lease {
  const gpus = candidates.map(({ index }) => index).filter((index) => held.has(index));
  return { gpus, release: () => releaseAll(held) };
}

function releaseAll(held: Map<number, Lock>): void {
  for (const lock of new Set(held.values())) lock.release();
  held.clear();
}

function holderOf(folder: string, device: GpuDevice): string {
  const paths = [lockPath(folder, device), ...relatives(folder, device)];
  const holder = paths.map((path) => lockHolder(path, 'kernel')).find((words) => words !== undefined);
  return `GPU ${device.index} by ${holder ?? 'another program'}`;
}

const lockEnding = '.lock';
const ofSlice = '.MIG-';

const lockOf = (folder: string, key: string): string => join(folder, `${key}${lockEnding}`);
const lockPath = (folder: string, device: GpuDevice): string => lockOf(folder, keyOf(device));

const byKey = (a: GpuDevice, b: GpuDevice): number => (keyOf(a) < keyOf(b) ? -1 : 1);

/** What every program of this machine calls the device alike, whichever tool it asked. */
export function keyOf(device: GpuDevice): string {
  if (device.mig) return `${keyOf(wholeOf(device, device.mig))}.${fileName(device.uuid ?? '')}`;
  return fileName(device.renderNode ?? device.pciAddress ?? device.uuid ?? `gpu-${device.index}`);
}

const fileName = (name: string): string =>
  name
    .replace(/^\/dev\/dri\//, '')
    .replace(/[^\w.-]/g, '_')
    .slice(0, 100);

/**
 * `/run/lock/madengine` where everybody may write in `/run/lock`, else a folder in `/tmp` that is this boot's own: what a
 * machine offers is the same for all its users, and `TMPDIR` is not. Throws NOT_WRITABLE for a folder that isn't open
 * to all.
 */
export function leaseFolder(root = '/'): string {
  const runLock = join(root, 'run/lock');
  const folder = isOpenToAll(runLock)
    ? join(runLock, 'madengine')
    : join(root, 'tmp', `madengine-${bootId()}`);
  try {
    mkdirSync(folder, { mode: anybody });
    chmodSync(folder, anybody);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  if (isOpenToAll(folder)) return folder;
  throw new MadError('NOT_WRITABLE', `${folder} is no folder in which all users can lock GPUs`, {
    hint: 'Let its owner or root remove it; madengine makes it anew, with mode 1777.',
  });
}

/** A link could lead anywhere, so it is none. */
function isOpenToAll(path: string): boolean {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  return facts?.isDirectory() === true && (facts.mode & anybody) === anybody;
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'locks';
  }
}
