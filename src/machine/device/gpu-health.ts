/** How GPUs are before and after a run; each vendor reads it in its own way, and what it can't read is absent. */

import type { GpuDevice } from './gpu-facts.ts';
import type { MachineView } from './machine-view.ts';

/** Reads these GPUs, by index; what is not there to be read is absent. */
export type HealthReader = (
  machine: MachineView,
  devices: readonly GpuDevice[],
) => Promise<Map<number, GpuReading>>;

/** One GPU at one moment, as it stands in a record. */
export interface GpuReading {
  clock_mhz?: number;
  memory_clock_mhz?: number;
  temperature_c?: number;
  power_w?: number;
  utilisation_percent?: number;
  memory_total_bytes?: number;
  memory_free_bytes?: number;
  /** Why it is slower than it could be, in its tool's words, such as `thermal slowdown`; [] for a GPU at full speed. */
  throttled?: string[];
  processes?: { pid: number; name: string }[];
  /** Errors since the driver was loaded, or whatever the vendor counts from. */
  counters?: Record<string, number>;
}

/** A line of the kernel's log about one GPU. */
export interface KernelError {
  gpu: number;
  line: string;
  /** Says that the device is to blame; others may come of a program's own faults. */
  isDevices: boolean;
}

export interface HealthReading {
  gpus: Map<number, GpuReading>;
  /** Undefined where the log can't be read. */
  kernelErrors: readonly KernelError[] | undefined;
  /** Paths of tools that gave no answer in time, so that what they tell is missing. */
  unanswered: readonly string[];
}

export interface HealthVerdict {
  /** What got worse, by GPU; the evidence is the counter or the line. */
  broken: { gpu: number; message: string; evidence: string }[];
  warnings: string[];
}

const gib = 1024 ** 3;
/** A GPU that a desktop or a monitor looks at is never quite at rest. */
const idlePercent = 10;

/** What a person should know before the run: the numbers will be worse than they could be. */
export function warningsBefore({ gpus }: HealthReading): string[] {
  return [...gpus].flatMap(([gpu, now]) => [
    ...throttleWarning(gpu, now, 'before'),
    ...(now.processes?.length
      ? [`GPU ${gpu} was busy before the run: ${now.processes.slice(0, 3).map(processText).join(', ')}`]
      : memoryWarning(gpu, now)),
    ...(!now.processes?.length && (now.utilisation_percent ?? 0) > idlePercent
      ? [`GPU ${gpu} was busy before the run: ${now.utilisation_percent} % in use`]
      : []),
  ]);
}

const processText = ({ pid, name }: { pid: number; name: string }): string =>
  name === '' ? `process ${pid}` : `${name} (${pid})`;

function memoryWarning(gpu: number, now: GpuReading): string[] {
  const { memory_total_bytes: total, memory_free_bytes: free } = now;
  if (total === undefined || free === undefined || total - free < Math.max(total * 0.05, gib)) return [];
  const [used, whole] = [total - free, total].map((bytes) => (bytes / gib).toFixed(1));
  return [`GPU ${gpu} had ${used} of ${whole} GiB in use before the run`];
}

function throttleWarning(gpu: number, now: GpuReading, when: 'before' | 'after'): string[] {
  const why = slowdowns(now);
  return why.length === 0 ? [] : [`GPU ${gpu} was throttled ${when} the run: ${why.join(', ')}`];
}

/** What slows a GPU down whether it works or not. */
const alsoIdle = /thermal|hardware|brake|hot|ratl/i;
/** Drivers slow GPUs down from 95 °C or more on; an idle one that is near to that is not well. */
const hotC = 90;

/**
 * A limit of power holds nobody back who has nothing to do, and some Radeons tell that they are throttled at 37 °C
 * without any work (ROCm/rocm-systems #11781): of an idle GPU, only heat and the board's own brakes count.
 */
function slowdowns(now: GpuReading): string[] {
  const reasons = now.throttled ?? [];
  if (!isIdle(now) || (now.temperature_c ?? 0) >= hotC) return reasons;
  return reasons.filter((reason) => alsoIdle.test(reason));
}

/** Known to be idle: without a word on its load, a GPU may be at work. */
const isIdle = ({ utilisation_percent: used, processes }: GpuReading): boolean =>
  used !== undefined && used <= idlePercent && !processes?.length;

/**
 * Counters of errors that hardware mended itself: worth a word, but the result is right. And of those that a program made:
 * Level Zero counts what a workload programmed wrongly beside the hardware's errors (`ZES_RAS_ERROR_CAT_PROGRAMMING_ERRORS`).
 */
const isHarmless = (counter: string): boolean =>
  /(?:^|_)corrected(?:_|$)|^ras_programming_errors/.test(counter);

/** A log that couldn't be read before doesn't tell what is new in it. */
function newErrors(before: HealthReading, after: HealthReading): KernelError[] {
  if (before.kernelErrors === undefined) return [];
  const known = new Set(before.kernelErrors.map(({ line }) => line));
  return (after.kernelErrors ?? []).filter(({ line }) => !known.has(line));
}

/** What a run did to its GPUs, or they to it. A counter that fell was reset, and says nothing. */
export function compareHealth(before: HealthReading, after: HealthReading): HealthVerdict {
  const verdict: HealthVerdict = { broken: [], warnings: [] };
  for (const [gpu, now] of after.gpus) {
    verdict.warnings.push(...throttleWarning(gpu, now, 'after'));
    for (const [name, count] of Object.entries(now.counters ?? {})) {
      const was = before.gpus.get(gpu)?.counters?.[name];
      if (was === undefined || count <= was) continue;
      const message = `GPU ${gpu}: ${name.replaceAll('_', ' ')} rose from ${was} to ${count} during the run`;
      if (isHarmless(name)) verdict.warnings.push(message);
      else verdict.broken.push({ gpu, message, evidence: `${name} ${was} -> ${count}` });
    }
  }
  for (const gpu of before.gpus.keys()) {
    // A tool that hangs may do so for another GPU's sake, or for none's.
    if (!after.gpus.has(gpu) && after.unanswered.length === 0) {
      const message = `GPU ${gpu} did not answer any more after the run`;
      verdict.broken.push({ gpu, message, evidence: message });
    }
  }
  for (const { gpu, line, isDevices } of newErrors(before, after)) {
    if (isDevices) {
      verdict.broken.push({ gpu, message: `the kernel reported an error of GPU ${gpu}`, evidence: line });
    } else verdict.warnings.push(`the kernel reported a fault of a program on GPU ${gpu}: ${line}`);
  }
  return verdict;
}
