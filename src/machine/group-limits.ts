/** What the control group of this process allows: version 2, https://docs.kernel.org/admin-guide/cgroup-v2.html */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface GroupLimits {
  /** Whole CPUs and parts of them. */
  cpus?: number;
  /** Such as `0-7,64-71`. */
  cpu_set?: string;
  memory_bytes?: number;
}

/** The least of each on the way up to the root; undefined where nothing is limited, or where there is no version 2. */
export async function readGroupLimits(root = '/'): Promise<GroupLimits | undefined> {
  const read = async (path: string): Promise<string | undefined> =>
    readFile(join(root, path), 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    );
  const own = /^0::(\/.*)$/m.exec((await read('proc/self/cgroup')) ?? '')?.[1];
  if (own === undefined) return undefined;
  const levels = await Promise.all(
    upwards(own).map(async (group) => {
      const folder = join('sys/fs/cgroup', group);
      const [cpu, memory] = await Promise.all([
        read(join(folder, 'cpu.max')),
        read(join(folder, 'memory.max')),
      ]);
      return { cpus: cpusOf(cpu), memory: bytesOf(memory) };
    }),
  );
  // Empty where the group's parent decides; the effective set has it all, so it says nothing of a limit.
  const set = await read(join('sys/fs/cgroup', own, 'cpuset.cpus'));
  const cpus = least(levels.map((level) => level.cpus));
  const memory = least(levels.map((level) => level.memory));
  const limits = {
    ...(cpus === undefined ? {} : { cpus }),
    ...(set ? { cpu_set: set } : {}),
    ...(memory === undefined ? {} : { memory_bytes: memory }),
  };
  return Object.keys(limits).length === 0 ? undefined : limits;
}

/** A group and those that it lies in; a path out of what we see (`/..`) is left alone. */
function upwards(group: string): string[] {
  if (group.split('/').includes('..')) return ['/'];
  return group === '/' ? ['/'] : [group, ...upwards(dirname(group))];
}

/** `max 100000` or `200000 100000`: microseconds of CPU in each period. */
function cpusOf(text: string | undefined): number | undefined {
  const [, quota, period] = /^(\d+) (\d+)$/.exec(text ?? '') ?? [];
  return quota && Number(period) > 0 ? Math.round((Number(quota) / Number(period)) * 100) / 100 : undefined;
}

const bytesOf = (text: string | undefined): number | undefined =>
  /^\d+$/.test(text ?? '') ? Number(text) : undefined;

const least = (values: readonly (number | undefined)[]): number | undefined => {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};
