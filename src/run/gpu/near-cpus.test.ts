import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { cpusFor, nearCpus, shareOf } from './near-cpus.ts';

async function systemWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'madengine-cpus-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), `${text}\n`);
  }
  return folder;
}

const gpu = (index: number, numaNode?: number) => ({
  index,
  name: '',
  ...(numaNode === undefined ? {} : { numaNode }),
});

test('GPUs share the cores of their own node, and both threads of a core stay together', async () => {
  const siblings = Object.fromEntries(
    Array.from({ length: 16 }, (_, cpu) => [
      `cpu/cpu${cpu}/topology/thread_siblings_list`,
      `${cpu % 8},${(cpu % 8) + 8}`,
    ]),
  );
  const system = await systemWith({
    'node/node0/cpulist': '0-3,8-11',
    'node/node1/cpulist': '4-7,12-15',
    ...siblings,
  });
  const shares = await nearCpus([gpu(0, 0), gpu(1, 0), gpu(2, 1)], system);
  expect(cpusFor([0], shares)).toBe('0-1,8-9');
  expect(cpusFor([1], shares)).toBe('2-3,10-11');
  expect(cpusFor([1, 2], shares)).toBe('2-7,10-15');
});

test('where a node is not known, all share all CPUs', async () => {
  const system = await systemWith({ 'cpu/online': '0-3' });
  const shares = await nearCpus([gpu(0), gpu(1, 0)], system);
  expect([cpusFor([0], shares), cpusFor([1], shares)]).toEqual(['0-1', '2-3']);
});

test('with too few cores, or nothing to be read, nobody is limited', async () => {
  const system = await systemWith({ 'cpu/online': '0-1' });
  const few = await nearCpus([gpu(0), gpu(1), gpu(2)], system);
  expect(cpusFor([0], few)).toBeUndefined();
  expect(cpusFor([0], await nearCpus([gpu(0, 7)], system))).toBeUndefined();
  expect(cpusFor([], few)).toBeUndefined();
});

test('shares are disjoint, leave nothing over, and differ by one at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 0, max: 200 }), (of, more) => {
      const items = Array.from({ length: of + more }, (_, at) => at);
      const shares = items.slice(0, of).map((at) => shareOf(items, at, of));
      expect(shares.flat()).toEqual(items);
      const sizes = shares.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});
