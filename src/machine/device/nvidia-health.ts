import type { GpuDevice } from './gpu-facts.ts';
import type { GpuReading, HealthReader } from './gpu-health.ts';
import type { MachineView } from './machine-view.ts';
import { known, said } from './tool-output.ts';

const columns = [
  'index',
  'clocks.sm',
  'clocks.mem',
  'temperature.gpu',
  'power.draw',
  'utilization.gpu',
  'memory.total',
  'memory.free',
  'ecc.errors.corrected.volatile.total',
  'ecc.errors.uncorrected.volatile.total',
];

/** One unknown column fails a whole query, and this one was renamed by driver 535. */
const reasonColumns = ['clocks_event_reasons.active', 'clocks_throttle_reasons.active'];

/** Bits of NVML's `nvmlClocksEventReasons` that slow a GPU; idle and the user's own settings are none of them. */
const reasons: readonly [bit: number, name: string][] = [
  [0x4, 'power cap'],
  [0x8, 'hardware slowdown'],
  [0x20, 'thermal slowdown by the driver'],
  [0x40, 'thermal slowdown'],
  [0x80, 'power brake'],
];

export const readNvidiaHealth: HealthReader = async (machine, devices) => {
  const ids = `--id=${[...new Set(devices.map(numberOf))].join(',')}`;
  const ask = (query: string): Promise<string> =>
    answerOf(machine, [query, ids, '--format=csv,noheader,nounits']);
  const [rows, throttled, processes] = await Promise.all([
    ask(`--query-gpu=${columns.join(',')}`),
    throttleRows(ask),
    ask('--query-compute-apps=gpu_uuid,pid,process_name'),
  ]);
  const readings = parseReadings(rows);
  const why = parseReasons(throttled);
  const running = parseProcesses(processes);
  return new Map(
    devices.flatMap((device) => {
      const number = numberOf(device);
      const reading = readings.get(number);
      if (!reading) return [];
      const throttled = why.get(number);
      const own = device.mig
        ? ofItsGpu({ ...reading, throttled })
        : { ...reading, throttled, processes: running.get(device.uuid ?? '') ?? [] };
      return [[device.index, known<GpuReading>(own)] as const];
    }),
  );
};

/** A slice is looked at as the GPU that it belongs to. */
const numberOf = ({ index, mig }: GpuDevice): number => mig?.parent ?? index;

/** What is true of a slice, too: neighbours on other slices are none of its business. */
const ofItsGpu = ({
  memory_total_bytes: _,
  memory_free_bytes: __,
  utilisation_percent: ___,
  ...shared
}: Partial<GpuReading>): Partial<GpuReading> => shared;

const answerOf = async (machine: MachineView, args: readonly string[]): Promise<string> =>
  (await machine.tool('nvidia-smi', args))?.output ?? '';

async function throttleRows(ask: (query: string) => Promise<string>): Promise<string> {
  for (const column of reasonColumns) {
    const rows = await ask(`--query-gpu=index,${column}`);
    if (/^\s*\d+\s*,\s*0x/m.test(rows)) return rows;
  }
  return '';
}

export function parseReadings(output: string): Map<number, GpuReading> {
  const readings = new Map<number, GpuReading>();
  for (const line of output.split('\n')) {
    const cells = line.split(',').map((cell) => cell.trim());
    if (cells.length !== columns.length || !/^\d+$/.test(cells[0] ?? '')) continue;
    const number = (at: number): number | undefined => numberIn(cells[at]);
    const counters = known<Record<string, number>>({
      ecc_corrected: number(8) as number,
      ecc_uncorrected: number(9) as number,
    });
    readings.set(
      Number(cells[0]),
      known<GpuReading>({
        clock_mhz: number(1),
        memory_clock_mhz: number(2),
        temperature_c: number(3),
        power_w: number(4),
        utilisation_percent: number(5),
        memory_total_bytes: mebibytes(number(6)),
        memory_free_bytes: mebibytes(number(7)),
        counters,
      }),
    );
  }
  return readings;
}

const mebibytes = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : value * 1024 ** 2;

function numberIn(cell: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(?:\s|$)/.exec(said(cell) ?? '');
  return match ? Number(match[1]) : undefined;
}

/** Lines such as `0, 0x0000000000000004`. */
export function parseReasons(output: string): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const match of output.matchAll(/^\s*(\d+)\s*,\s*0x([0-9a-f]{1,16})\s*$/gim)) {
    // The upper half has never been used.
    const bits = Number(BigInt(`0x${match[2]}`) & 0xffffn);
    found.set(
      Number(match[1]),
      reasons.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name),
    );
  }
  return found;
}

/** Lines such as `GPU-5a1f…, 4711, python3`, by UUID. */
export function parseProcesses(output: string): Map<string, { pid: number; name: string }[]> {
  const found = new Map<string, { pid: number; name: string }[]>();
  for (const match of output.matchAll(/^\s*(GPU-[^\s,]+)\s*,\s*(\d{1,10})\s*,\s*(.*?)\s*$/gm)) {
    const [, uuid = '', pid = '', name = ''] = match;
    const program = (said(name) ?? '').split('/').pop() ?? '';
    found.set(uuid, [...(found.get(uuid) ?? []), { pid: Number(pid), name: program }]);
  }
  return found;
}
