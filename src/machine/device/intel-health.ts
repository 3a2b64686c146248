import type { GpuDevice } from './gpu-facts.ts';
import type { GpuReading, HealthReader } from './gpu-health.ts';
import type { MachineView } from './machine-view.ts';
import { jsonIn, known, objectOf, objectsIn } from './tool-output.ts';

/** `xpu-smi stats`, whose names of metrics are those of Intel XPU Manager's `xpum_structs.h`, and i915's throttle files. */
export const readIntelHealth: HealthReader = async (machine, devices) => {
  const readings = await Promise.all(devices.map((device) => readDevice(machine, device)));
  return new Map(
    devices.flatMap(({ index }, at) => {
      const reading = readings[at] ?? {};
      return Object.keys(reading).length === 0 ? [] : [[index, reading] as const];
    }),
  );
};

async function readDevice(machine: MachineView, device: GpuDevice): Promise<GpuReading> {
  const [answer, throttled] = await Promise.all([
    machine.tool('xpu-smi', ['stats', '-d', String(device.index), '-r', '-j']),
    throttleReasons(machine, device),
  ]);
  const reading = parseStats(answer?.output ?? '');
  const used = reading.memoryUsed;
  const total = device.memoryBytes;
  return known<GpuReading>({
    ...reading.values,
    // Known from the start: alone it would look like a GPU that answers.
    memory_total_bytes: used === undefined ? undefined : total,
    memory_free_bytes: total === undefined || used === undefined ? undefined : total - used,
    throttled,
  });
}

/** `device_level` and `tile_level` lists of `{"metrics_type": "XPUM_STATS_…", "value": …}`. */
export function parseStats(output: string): { values: GpuReading; memoryUsed: number | undefined } {
  const value = objectOf(jsonIn(output));
  const tiles = objectsIn(value.tile_level ?? []).flatMap((tile) => objectsIn(tile.data_list ?? []));
  const metrics = [...objectsIn(value.device_level ?? []), ...tiles];
  const of = (type: string): number | undefined => {
    const found = metrics.find((metric) => metric.metrics_type === `XPUM_STATS_${type}`);
    const number = found?.value ?? found?.avg;
    return typeof number === 'number' ? number : undefined;
  };
  const counters: Record<string, number> = {};
  for (const { metrics_type: type, value: count } of metrics) {
    const match = /^XPUM_STATS_RAS_ERROR_CAT_(\w+)$/.exec(String(type));
    if (!match || typeof count !== 'number') continue;
    const name = `ras_${(match[1] ?? '').toLowerCase()}`
      .replace('uncorrectable', 'uncorrected')
      .replace('correctable', 'corrected');
    counters[name] = (counters[name] ?? 0) + count;
  }
  const used = of('MEMORY_USED');
  return {
    values: known<GpuReading>({
      clock_mhz: of('GPU_FREQUENCY'),
      temperature_c: of('GPU_CORE_TEMPERATURE'),
      power_w: of('POWER'),
      utilisation_percent: of('GPU_UTILIZATION'),
      counters: Object.keys(counters).length === 0 ? undefined : counters,
    }),
    // MiB.
    memoryUsed: used === undefined ? undefined : used * 1024 ** 2,
  };
}

/** One file for each reason, `1` while it holds: `gt/gt0/throttle_reason_thermal`. */
async function throttleReasons(
  machine: MachineView,
  { pciAddress }: GpuDevice,
): Promise<string[] | undefined> {
  if (pciAddress === undefined) return undefined;
  const drm = `/sys/bus/pci/devices/${pciAddress}/drm`;
  const card = (await machine.names(drm)).find((name) => /^card\d+$/.test(name));
  const folder = `${drm}/${card}/gt/gt0`;
  const files = (await machine.names(folder)).filter(
    (name) => name.startsWith('throttle_reason_') && name !== 'throttle_reason_status',
  );
  if (card === undefined || files.length === 0) return undefined;
  const texts = await Promise.all(files.map((name) => machine.text(`${folder}/${name}`)));
  return files
    .filter((_, at) => texts[at] === '1')
    .map((name) => name.slice('throttle_reason_'.length).replaceAll('_', ' '));
}
