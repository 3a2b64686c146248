/** AMD's driver says it all in sysfs (https://docs.kernel.org/gpu/amdgpu); only throttling needs the vendor's tool. */
import type { GpuDevice } from './gpu-facts.ts';
import type { GpuReading, HealthReader } from './gpu-health.ts';
import type { MachineView } from './machine-view.ts';
import { jsonIn, known, listWith, objectOf, objectsIn, said, wholeNumber } from './tool-output.ts';

const processFolder = '/sys/class/kfd/kfd/proc';

export const readAmdHealth: HealthReader = async (machine, devices) => {
  const [metrics, processes] = await Promise.all([
    metricsOf(machine),
    Promise.all(devices.map((device) => processesOn(machine, device))),
  ]);
  const readings = await Promise.all(devices.map((device) => readDevice(machine, device)));
  const found = new Map<number, GpuReading>();
  for (const [at, { index }] of devices.entries()) {
    const counters = { ...metrics.get(index)?.counters, ...readings[at]?.counters };
    const reading = known<GpuReading>({
      ...metrics.get(index),
      ...readings[at],
      processes: processes[at],
      counters: Object.keys(counters).length === 0 ? undefined : counters,
    });
    // Nothing at all would look like a GPU that answers.
    if (Object.keys(reading).length > 0) found.set(index, reading);
  }
  return found;
};

async function readDevice(machine: MachineView, { pciAddress }: GpuDevice): Promise<GpuReading> {
  if (pciAddress === undefined) return {};
  const folder = `/sys/bus/pci/devices/${pciAddress}`;
  const file = (name: string): Promise<string | undefined> => machine.text(`${folder}/${name}`);
  const [busy, total, used, clock, memoryClock, counters] = await Promise.all([
    file('gpu_busy_percent'),
    file('mem_info_vram_total'),
    file('mem_info_vram_used'),
    file('pp_dpm_sclk'),
    file('pp_dpm_mclk'),
    rasCounters(machine, folder),
  ]);
  const [totalBytes, usedBytes] = [wholeNumber(total), wholeNumber(used)];
  return known<GpuReading>({
    clock_mhz: currentClock(clock ?? ''),
    memory_clock_mhz: currentClock(memoryClock ?? ''),
    utilisation_percent: wholeNumber(busy),
    memory_total_bytes: totalBytes,
    memory_free_bytes:
      totalBytes === undefined || usedBytes === undefined ? undefined : totalBytes - usedBytes,
    counters,
  });
}

/** Lines such as `1: 2100Mhz *`; the star marks the level in use. */
export function currentClock(text: string): number | undefined {
  const match = /(\d+)Mhz \*/i.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** One file for each block: `ras/umc_err_count`, in newer drivers `ras/aca_umc`. */
async function rasCounters(
  machine: MachineView,
  folder: string,
): Promise<Record<string, number> | undefined> {
  const names = await machine.names(`${folder}/ras`);
  const blocks = names.flatMap((name) => {
    const match = /^(?:(\w+)_err_count|aca_(\w+))$/.exec(name);
    return match ? [{ name, block: match[1] ?? match[2] ?? '' }] : [];
  });
  const texts = await Promise.all(blocks.map(({ name }) => machine.text(`${folder}/ras/${name}`)));
  const counters = Object.assign(
    {},
    ...blocks.map(({ block }, at) => parseRasCounts(block, texts[at] ?? '')),
  );
  return Object.keys(counters).length === 0 ? undefined : counters;
}

/** Lines `ue: 0`, `ce: 0` and, since poison is deferred, `de: 0`. */
export function parseRasCounts(block: string, text: string): Record<string, number> {
  const meanings = { ue: 'uncorrected', ce: 'corrected' } as const;
  const counters: Record<string, number> = {};
  for (const match of text.matchAll(/^\s*(ue|ce):\s*(\d{1,15})\s*$/gm)) {
    counters[`ras_${block}_${meanings[match[1] as keyof typeof meanings]}`] = Number(match[2]);
  }
  return counters;
}

/** The driver keeps a folder for each process that uses it, with the memory that it has on each GPU. */
async function processesOn(
  machine: MachineView,
  { kfdId }: GpuDevice,
): Promise<GpuReading['processes'] | undefined> {
  if (kfdId === undefined || !(await machine.exists(processFolder))) return undefined;
  const pids = (await machine.names(processFolder)).filter((name) => /^\d{1,10}$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const used = wholeNumber(await machine.text(`${processFolder}/${pid}/vram_${kfdId}`)) ?? 0;
      if (used === 0) return [];
      return [{ pid: Number(pid), name: (await machine.text(`/proc/${pid}/comm`)) ?? '' }];
    }),
  );
  return found.flat();
}

async function metricsOf(machine: MachineView): Promise<Map<number, GpuReading>> {
  const answer = await machine.tool('amd-smi', [
    'metric',
    '--usage',
    '--power',
    '--temperature',
    '--ecc',
    '--json',
  ]);
  return parseMetrics(answer?.output ?? '');
}

/** `amd-smi metric --usage --power --temperature --ecc --json`. */
export function parseMetrics(output: string): Map<number, GpuReading> {
  const found = new Map<number, GpuReading>();
  for (const entry of objectsIn(jsonIn(output, listWith('gpu')))) {
    const index = wholeNumber(entry.gpu);
    if (index === undefined) continue;
    const power = objectOf(entry.power);
    const ecc = objectOf(entry.ecc);
    const counters = known<Record<string, number>>({
      ecc_corrected: wholeNumber(ecc.total_correctable_count) as number,
      ecc_uncorrected: wholeNumber(ecc.total_uncorrectable_count) as number,
    });
    found.set(
      index,
      known<GpuReading>({
        power_w: amount(power.socket_power),
        utilisation_percent: amount(objectOf(entry.usage).gfx_activity),
        temperature_c: amount(objectOf(entry.temperature).hotspot),
        throttled: throttleOf(said(power.throttle_status)),
        counters: Object.keys(counters).length === 0 ? undefined : counters,
      }),
    );
  }
  return found;
}

const throttleOf = (status: string | undefined): string[] | undefined =>
  status === undefined ? undefined : /^(?:throttled|active)$/i.test(status) ? ['throttled'] : [];

const amount = (value: unknown): number | undefined => {
  const number = objectOf(value).value ?? value;
  return typeof number === 'number' ? number : undefined;
};
