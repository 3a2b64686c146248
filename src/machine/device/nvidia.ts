import type { GpuDevice, GpuFacts } from './gpu-facts.ts';
import type { Detector, MachineView, ToolAnswer } from './machine-view.ts';
import { withSlices } from './mig.ts';
import { withPciFacts } from './pci.ts';
import { bytesOf, known, pciAddress, said } from './tool-output.ts';

/** The name comes last: only it may hold a comma. */
const columns = ['index', 'uuid', 'driver_version', 'pci.bus_id', 'serial', 'memory.total', 'name'];
/** Not known before driver 450; one unknown column fails a whole query. */
const withMig = columns.with(-1, 'mig.mode.current').concat('name');

/** NVIDIA GPUs through `nvidia-smi`; its columns: `nvidia-smi --help-query-gpu`. */
export const detectNvidia: Detector = async (machine) => {
  const [query, toolkit] = await Promise.all([askForGpus(machine), compilerVersion(machine)]);
  if (query === undefined) return none('There are NVIDIA device files, but nvidia-smi is not installed.');
  const rows = parseQuery(query.output);
  const list =
    rows.length > 0 && !rows.some(({ isDivided }) => isDivided)
      ? undefined
      : await machine.tool('nvidia-smi', ['-L']);
  const listed = rows.length > 0 ? rows : parseList(list?.output ?? '');
  if (listed.length === 0) return none(query.problem ?? 'nvidia-smi names no GPU.');
  const version = toolkit ?? (await driversVersion(machine));
  // Render nodes of NVIDIA's driver are for graphics; containers get GPUs by index.
  const gpus = await Promise.all(
    listed.map(async ({ driver: _, isDivided, ...gpu }) => {
      const { renderNode: __, renderGroup: ___, ...device } = await withPciFacts(machine, gpu);
      return { isDivided: isDivided ?? false, device };
    }),
  );
  const notes = query.problem === undefined ? [] : [query.problem];
  const devices = withSlices(gpus, list?.output ?? '', notes);
  return known<GpuFacts>({
    vendor: 'NVIDIA',
    count: devices.length,
    architecture: listed[0]?.name ?? '',
    devices,
    driver: listed[0]?.driver,
    toolkit: version === undefined ? undefined : { name: 'CUDA', version },
    notes,
  });
};

async function askForGpus(machine: MachineView): Promise<ToolAnswer | undefined> {
  const ask = (wanted: readonly string[]): Promise<ToolAnswer | undefined> =>
    machine.tool('nvidia-smi', [`--query-gpu=${wanted.join(',')}`, '--format=csv,noheader,nounits']);
  const answer = await ask(withMig);
  return answer?.output.includes('mig.mode.current') ? ask(columns) : answer;
}

const none = (note: string): GpuFacts => ({
  vendor: 'NVIDIA',
  count: 0,
  architecture: '',
  devices: [],
  notes: [note],
});

type ListedGpu = GpuDevice & { driver?: string; isDivided?: boolean };

/**
 * Lines such as `0, GPU-5a1f…, 550.54.15, 00000000:3B:00.0, 1652823012345, 81559, Disabled, NVIDIA H100 80GB HBM3`; older
 * drivers don't know of MIG, which stands before the name.
 */
export function parseQuery(output: string): ListedGpu[] {
  return output.split('\n').flatMap((line) => {
    const match =
      /^\s*(\d+)\s*,\s*(GPU-[^\s,]+)\s*,([^,]*),([^,]*),([^,]*),([^,]*),(?:\s*(Enabled|Disabled|\[?N\/A\]?)\s*,)?\s*(\S.*?)\s*$/.exec(
        line,
      );
    if (!match) return [];
    const [, index = '', uuid, driver, bus, serial, memory, mig, name = ''] = match;
    return [
      known<ListedGpu>({
        index: Number(index),
        name: said(name) ?? '',
        uuid,
        driver: said(driver),
        pciAddress: pciAddress(bus),
        serial: said(serial),
        // MiB, whatever the column's unit is called.
        memoryBytes: bytesOf(`${(memory ?? '').replace(/\s*MiB\s*$/, '').trim()} M`),
        isDivided: mig === 'Enabled' ? true : undefined,
      }),
    ];
  });
}

/** Lines such as `GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-5a1f…)`; those of its MIG slices follow, indented. */
export function parseList(output: string): ListedGpu[] {
  return output.split('\n').flatMap((line) => {
    const match = /^GPU (\d+): (.+?)(?: \(UUID: ([^)\s]+)\))?\s*$/.exec(line);
    if (!match) return [];
    const [, index = '', name = '', uuid] = match;
    return [known<ListedGpu>({ index: Number(index), name: said(name) ?? '', uuid })];
  });
}

/** `Cuda compilation tools, release 12.4, V12.4.131`. */
async function compilerVersion(machine: MachineView): Promise<string | undefined> {
  const answer = await machine.tool('nvcc', ['--version']);
  return /release (\d+\.\d+)/.exec(answer?.output ?? '')?.[1];
}

/** Without a compiler: the newest version that the driver serves, in the head of the tool's table. */
async function driversVersion(machine: MachineView): Promise<string | undefined> {
  const answer = await machine.tool('nvidia-smi', []);
  return /CUDA Version\s*:\s*(\d+\.\d+)/.exec(answer?.output ?? '')?.[1];
}
