import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock as clock } from '../../foundation/clock.ts';
import type { GpuDevice } from './gpu-facts.ts';
import { keyOf, leaseFolder, leaseGpus, tryLeaseGpus } from './lease.ts';

let folder = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'madengine-lease-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const gpu = (index: number): GpuDevice => ({ index, name: '', renderNode: `/dev/dri/renderD${128 + index}` });
const gpus = (...indices: number[]): GpuDevice[] => indices.map(gpu);

function lease(candidates: readonly GpuDevice[], count: number, onWait = (_: readonly string[]): void => {}) {
  const signal = AbortSignal.timeout(20_000);
  return leaseGpus({ folder, candidates, count, clock, signal, onWait });
}

/** A process of its own that holds these GPUs until it is killed. */
async function otherProgram(candidates: readonly GpuDevice[], count: number): Promise<ChildProcess> {
  const options = JSON.stringify({ folder, candidates, count });
  const program = `
    import { leaseGpus } from ${JSON.stringify(join(import.meta.dirname, 'lease.ts'))};
    import { systemClock as clock } from ${JSON.stringify(join(import.meta.dirname, '../../foundation/clock.ts'))};
    const { gpus } = await leaseGpus({ ...${options}, clock, signal: new AbortController().signal, onWait() {} });
    console.log(gpus.join());
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

test('two programs never have the same GPU, and each takes one that is free', async () => {
  await otherProgram(gpus(0, 1), 1);
  const mine = await lease(gpus(0, 1), 1);
  expect(mine.gpus).toEqual([1]);
  mine.release();
});

test('who does not wait gets all of them or none, and hears who has the first that is taken', async () => {
  const other = await otherProgram(gpus(1), 1);
  expect(tryLeaseGpus(folder, gpus(0, 1))).toEqual({
    busy: 1,
    holder: expect.stringContaining(`process ${other.pid}`),
  });
  expect(tryLeaseGpus(folder, gpus(0, 2))).toMatchObject({ gpus: [0, 2] });
  expect(tryLeaseGpus(folder, gpus(2))).toMatchObject({ busy: 2 });
});

test('who waits is told who has it, and gets it when that one is killed', async () => {
  const other = await otherProgram(gpus(0), 1);
  const told: string[] = [];
  const mine = await lease(gpus(0), 1, (holders) => {
    told.push(...holders);
    other.kill('SIGKILL');
  });
  expect(mine.gpus).toEqual([0]);
  expect(told[0]).toContain(`process ${other.pid}`);
  mine.release();
});

test('within one program too, a GPU has one holder', async () => {
  const first = await lease(gpus(0, 1), 2);
  const second = lease(gpus(0, 1), 2);
  const early = await Promise.race([second.then(() => 'leased'), clock.sleep(300).then(() => 'waiting')]);
  expect(early).toBe('waiting');
  first.release();
  first.release();
  const { gpus: leased, release } = await second;
  expect(leased).toEqual([0, 1]);
  release();
});

test('two who need all of the same GPUs, in another order, both get them', async () => {
  const all = await Promise.all(
    [gpus(0, 1, 2), gpus(2, 1, 0)].map(async (candidates) => {
      const { gpus: leased, release } = await lease(candidates, 3);
      await clock.sleep(20);
      release();
      return leased;
    }),
  );
  expect(all).toEqual([
    [0, 1, 2],
    [2, 1, 0],
  ]);
});

test('a signal ends the wait, and what was taken is free again', async () => {
  const holder = await lease(gpus(1), 1);
  const aborter = new AbortController();
  const waiting = leaseGpus({
    folder,
    candidates: gpus(0, 1),
    count: 2,
    clock,
    signal: aborter.signal,
    onWait: () => aborter.abort(new Error('SIGINT')),
  });
  await expect(waiting).rejects.toThrow();
  const free = await lease(gpus(0), 1);
  free.release();
  holder.release();
});

test('a lock is a file that every user may lock, in a folder where nobody can remove those of others', async () => {
  const { release } = await lease(gpus(0), 1);
  expect(statSync(join(folder, 'renderD128.lock')).mode & 0o777).toBe(0o666);
  release();
  mkdirSync(join(folder, 'tmp'));
  expect(statSync(leaseFolder(folder)).mode & 0o7777).toBe(0o1777);
  mkdirSync(join(folder, 'run/lock'), { recursive: true });
  chmodSync(join(folder, 'run/lock'), 0o1777);
  expect(leaseFolder(folder)).toBe(join(folder, 'run/lock/madengine'));
  expect(leaseFolder(folder)).toBe(join(folder, 'run/lock/madengine'));
});

test('a folder that someone prepared in another way is not used', () => {
  mkdirSync(join(folder, 'run/lock'), { recursive: true });
  chmodSync(join(folder, 'run/lock'), 0o1777);
  symlinkSync('/etc', join(folder, 'run/lock/madengine'));
  expect(() => leaseFolder(folder)).toThrow(expect.objectContaining({ code: 'NOT_WRITABLE' }));
});

test('a device has one name, whichever tool described it', () => {
  expect(keyOf({ ...gpu(0), uuid: 'a', pciAddress: '0000:05:00.0' })).toBe('renderD128');
  expect(keyOf({ index: 0, name: '', uuid: 'GPU-1', pciAddress: '0000:05:00.0' })).toBe('0000_05_00.0');
  expect(keyOf({ index: 3, name: '', uuid: '../../x' })).toBe('.._.._x');
});

test('parts of one GPU that have no name of their own are leased together', async () => {
  const part = (index: number): GpuDevice => ({ index, name: '', pciAddress: '0000:c1:00.0' });
  const both = await lease([part(0), part(1)], 2);
  expect(both.gpus).toEqual([0, 1]);
  expect(tryLeaseGpus(folder, [part(1)])).toMatchObject({ busy: 1 });
  both.release();
  expect(tryLeaseGpus(folder, [part(1), part(0)])).toMatchObject({ gpus: [1, 0] });
});

test('a slice of a GPU has a lease of its own, and the whole GPU excludes its slices', async () => {
  const whole: GpuDevice = { index: 0, name: '', pciAddress: '0000:3b:00.0', uuid: 'GPU-a' };
  const slice = (number: number): GpuDevice => ({
    ...whole,
    index: 2 + number,
    uuid: `MIG-${number}`,
    mig: { parent: 0, parentUuid: 'GPU-a', slice: number, profile: '3g.20gb' },
  });
  const other = await otherProgram([slice(0)], 1);
  const mine = await lease([slice(0), slice(1)], 1);
  expect(mine.gpus).toEqual([3]);
  expect(tryLeaseGpus(folder, [whole])).toMatchObject({ busy: 0 });
  mine.release();
  expect(tryLeaseGpus(folder, [whole])).toEqual({
    busy: 0,
    holder: expect.stringContaining(`process ${other.pid}`),
  });
  other.kill('SIGKILL');
  await once(other, 'exit');
  const all = await lease([whole], 1);
  expect(tryLeaseGpus(folder, [slice(1)])).toMatchObject({ busy: 3 });
  all.release();
  expect(tryLeaseGpus(folder, [slice(1)])).toMatchObject({ gpus: [3] });
});
