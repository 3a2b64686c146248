/** What environment and scheduler leave us of a machine's GPUs. */
import { devicesNamed } from './device-name.ts';
import type { GpuDevice, GpuFacts, GpuVendor } from './gpu-facts.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Set by Slurm (https://slurm.schedmd.com/gres.html), with the machine's own numbers; the step's set is the narrower one. */
const schedulerNames = ['SLURM_STEP_GPUS', 'SLURM_JOB_GPUS'] as const;

/**
 * Groups are applied one after the other, the first variable of each that is set. HIP counts within what ROCr shows, and
 * takes CUDA's name too (https://rocm.docs.amd.com/en/latest/conceptual/gpu-isolation.html).
 */
const namesOf: Readonly<Record<GpuVendor, readonly (readonly string[])[]>> = {
  AMD: [['ROCR_VISIBLE_DEVICES'], ['HIP_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES']],
  NVIDIA: [['CUDA_VISIBLE_DEVICES']],
  INTEL: [['ZE_AFFINITY_MASK']],
  NONE: [],
};

/** The facts with what is `offered`, when any variable says so. */
export function limitToVisible(facts: GpuFacts, env: Environment): GpuFacts {
  const limitedBy: string[] = [];
  const scheduled = schedulersSet(facts, env, limitedBy) ?? runtimesSet(facts, env, limitedBy);
  let left = [...(scheduled ?? facts.devices)].sort((a, b) => numberOf(a) - numberOf(b));
  for (const group of groupsOf(facts)) {
    const name = group.find((each) => env[each] !== undefined);
    if (name === undefined) continue;
    const text = env[name] ?? '';
    const own = chosen(left, text, name === 'HIP_VISIBLE_DEVICES' ? atPlace : withNumber);
    // Within a scheduler's set, runtimes may count from 0.
    left = own.length === 0 && scheduled ? chosen(left, text, atPlace) : own;
    limitedBy.push(`${name}=${text}`);
  }
  if (limitedBy.length === 0) return facts;
  const offered = left.map(({ index }) => index).sort((a, b) => a - b);
  return { ...facts, offered, limitedBy };
}

function groupsOf({ vendor, visibleVariable }: GpuFacts): readonly (readonly string[])[] {
  if (Object.hasOwn(namesOf, vendor)) return namesOf[vendor as GpuVendor];
  return visibleVariable === undefined ? [] : [[visibleVariable]];
}

/** Undefined where it changes nothing: in a cgroup the tools see the set alone, and count it from 0. */
function schedulersSet(facts: GpuFacts, env: Environment, limitedBy: string[]): GpuDevice[] | undefined {
  const name = schedulerNames.find((each) => env[each]?.trim());
  if (name === undefined) return undefined;
  const set = chosen(facts.devices, env[name] ?? '', (devices, number) =>
    devicesNamed(devices, String(number)),
  );
  if (set.length === 0 || set.length >= facts.devices.length) return undefined;
  limitedBy.push(`${name}=${env[name]}`);
  return set;
}

/**
 * What NVIDIA's container toolkit was told. Within its containers the numbers are those of the machine around, of which the
 * tools show only these: so many numbers as there are GPUs say nothing.
 */
function runtimesSet(facts: GpuFacts, env: Environment, limitedBy: string[]): GpuDevice[] | undefined {
  const text = env.NVIDIA_VISIBLE_DEVICES?.trim() ?? '';
  if (facts.vendor !== 'NVIDIA' || /^(?:|all|none|void)$/.test(text)) return undefined;
  const set = chosen(facts.devices, text, withNumber);
  const isNumbers = /^[\d,\s]+$/.test(text);
  if (set.length >= facts.devices.length) return undefined;
  if (isNumbers && (set.length === 0 || expanded(text).length >= facts.devices.length)) return undefined;
  limitedBy.push(`NVIDIA_VISIBLE_DEVICES=${text}`);
  return set;
}

type Find = (devices: readonly GpuDevice[], number: number) => readonly GpuDevice[];

const numberOf = (device: GpuDevice): number => device.runtimeIndex ?? device.index;
const withNumber: Find = (devices, number) => {
  const own = devices.find((device) => numberOf(device) === number);
  return own ? [own] : devices.filter(({ mig }) => mig?.parent === number);
};
const atPlace: Find = (devices, number) => devices.slice(number, number + 1);

/** As the drivers do it, what stands behind the first name that fits no GPU has no effect; `-1` and '' are no GPU. */
function chosen(devices: readonly GpuDevice[], text: string, find: Find): GpuDevice[] {
  const found: GpuDevice[] = [];
  for (const word of expanded(text)) {
    const named = /^\d+$/.test(word) ? find(devices, Number(word)) : devicesNamed(devices, word);
    if (named.length === 0) break;
    found.push(...named.filter((device) => !found.includes(device)));
  }
  return found;
}

/** `0,2-3` of Slurm, and Intel's `0.1`, a part of device 0. */
function expanded(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim().replace(/^(\d+)\.\d+$/, '$1'))
    .filter((part) => part !== '')
    .flatMap((part) => {
      const range = /^(\d{1,4})-(\d{1,4})$/.exec(part);
      if (!range) return [part];
      const [from, to] = [Number(range[1]), Number(range[2])];
      return to < from ? [part] : Array.from({ length: to - from + 1 }, (_, at) => String(from + at));
    });
}
