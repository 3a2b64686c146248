import { readFile } from 'node:fs/promises';
import { arch, cpus, hostname, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { type GroupLimits, readGroupLimits } from './group-limits.ts';

/** What is said about the machine in records; stored once per campaign. */
export interface HostFacts {
  host: string;
  os: string;
  kernel: string;
  architecture: string;
  cpu: string;
  cpus: number;
  memory_bytes: number;
  /** How the first CPU chooses its clock, such as `performance`. */
  cpu_governor?: string;
  cpu_boost?: boolean;
  numa_balancing?: boolean;
  /** What our own control group allows; absent where nothing is limited. */
  limits?: GroupLimits;
}

/** `root` is for tests: where `/etc`, `/proc` and `/sys` are looked for. */
export async function readHostFacts(root = '/'): Promise<HostFacts> {
  const cores = cpus();
  const read = async (path: string): Promise<string | undefined> =>
    readFile(join(root, path), 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    );
  const [release_, governor, boost, noTurbo, balancing, limits] = await Promise.all([
    read('etc/os-release'),
    read('sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    read('sys/devices/system/cpu/cpufreq/boost'),
    read('sys/devices/system/cpu/intel_pstate/no_turbo'),
    read('proc/sys/kernel/numa_balancing'),
    readGroupLimits(root),
  ]);
  const boosts = flag(boost) ?? negated(flag(noTurbo));
  const balances = flag(balancing);
  return {
    host: hostname(),
    os: /^PRETTY_NAME="?(.*?)"?$/m.exec(release_ ?? '')?.[1] ?? type(),
    kernel: release(),
    architecture: arch(),
    cpu: cores[0]?.model ?? '',
    cpus: cores.length,
    memory_bytes: totalmem(),
    ...(governor ? { cpu_governor: governor } : {}),
    ...(boosts === undefined ? {} : { cpu_boost: boosts }),
    ...(balances === undefined ? {} : { numa_balancing: balances }),
    ...(limits ? { limits } : {}),
  };
}

/** 0 or 1 of the kernel; `numa_balancing` has higher numbers for tiers of memory. */
const flag = (text: string | undefined): boolean | undefined =>
  text !== undefined && /^\d+$/.test(text) ? text !== '0' : undefined;

const negated = (value: boolean | undefined): boolean | undefined =>
  value === undefined ? undefined : !value;
