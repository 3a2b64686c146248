/**
 * The CPUs of each GPU: an equal share of the cores of its NUMA node, so that neighbours don't run on each other's. A share
 * doesn't depend on who the neighbours are: a number measured today can be compared with one of tomorrow.
 */
import { readFile } from 'node:fs/promises';
import type { Context } from '../../context/context.ts';
import type { GpuDevice } from '../../machine/device/gpu-facts.ts';
import type { EngineKind } from '../../machine/engine/engine.ts';
import type { ModelCard } from '../../package/card.ts';
import { numberListText, parseNumberList } from './number-list.ts';

/** CPUs by index of the GPU; a GPU that no whole core is left for is absent. */
export type CpuShares = ReadonlyMap<number, readonly number[]>;

/** Never throws: what can't be read limits nobody. https://docs.kernel.org/admin-guide/cputopology.html */
export async function nearCpus(
  devices: readonly GpuDevice[],
  system = '/sys/devices/system',
): Promise<CpuShares> {
  const nodes = new Map<number | undefined, GpuDevice[]>();
  // Where the node of one is not known, that one may sit anywhere.
  const known = devices.every(({ numaNode }) => numaNode !== undefined);
  for (const device of devices) {
    const node = known ? device.numaNode : undefined;
    nodes.set(node, [...(nodes.get(node) ?? []), device]);
  }
  const shares = new Map<number, readonly number[]>();
  for (const [node, own] of nodes) {
    const list = node === undefined ? 'cpu/online' : `node/node${node}/cpulist`;
    const cores = await coresOf(await numbersIn(`${system}/${list}`), system);
    own.forEach(({ index }, at) => {
      const share = shareOf(cores, at, own.length).flat();
      if (share.length > 0) shares.set(index, share);
    });
  }
  return shares;
}

/** As an engine takes it; undefined where the GPUs have no CPUs of their own. */
export function cpusFor(gpus: readonly number[], shares: CpuShares): string | undefined {
  const own = gpus.map((gpu) => shares.get(gpu));
  if (own.length === 0 || own.includes(undefined)) return undefined;
  return numberListText([...new Set(own.flatMap((cpus) => cpus ?? []))].sort((a, b) => a - b));
}

/** Whether a job is left to us: neither card nor context speak of its CPUs, and there is a container to limit. */
export function mayLimitCpus(card: ModelCard, { values }: Context, engine: EngineKind): boolean {
  const asked = values.docker_cpus;
  const isAsked = typeof asked === 'string' && asked.trim() !== '';
  return engine !== 'host' && !isAsked && !/(^|\s)--cpuset-cpus/.test(card.additional_docker_run_options);
}

/** Share `at` of `of`, as equal as whole items allow; [] for all where there are too few for one each. */
export function shareOf<T>(items: readonly T[], at: number, of: number): readonly T[] {
  if (items.length < of) return [];
  const start = (share: number): number => Math.floor((share * items.length) / of);
  return items.slice(start(at), start(at + 1));
}

/** The CPUs with those together that are threads of one core. */
async function coresOf(cpus: readonly number[], system: string): Promise<number[][]> {
  const siblings = await Promise.all(
    cpus.map((cpu) => numbersIn(`${system}/cpu/cpu${cpu}/topology/thread_siblings_list`)),
  );
  const cores = new Map<number, number[]>();
  cpus.forEach((cpu, at) => {
    const first = siblings[at]?.[0] ?? cpu;
    cores.set(first, [...(cores.get(first) ?? []), cpu]);
  });
  return [...cores.values()];
}

const numbersIn = (file: string): Promise<number[]> =>
  readFile(file, 'utf8')
    .then(
      (text) => parseNumberList(text.trim(), file),
      () => [],
    )
    .catch(() => []);
