import type { GpuDevice, GpuFacts } from './gpu-facts.ts';
import type { Detector, MachineView } from './machine-view.ts';
import { withPciFacts } from './pci.ts';
import { bytesOf, known, pciAddress, said } from './tool-output.ts';

/** The name comes last: only it may hold a comma. */
const columns = ['index', 'uuid', 'driver_version', 'pci.bus_id', 'serial', 'memory.total', 'name'];

/** NVIDIA GPUs through `nvidia-smi`; its columns: `nvidia-smi --help-query-gpu`. */
export const detectNvidia: Detector = async (machine) => {
  const [query, toolkit] = await Promise.all([
    machine.tool('nvidia-smi', [`--query-gpu=${columns.join(',')}`, '--format=csv,noheader,nounits']),
    compilerVersion(machine),
  ]);
  if (query === undefined) return none('There are NVIDIA device files, but nvidia-smi is not installed.');
  const rows = parseQuery(query.output);
  const listed = rows.length > 0 ? rows : parseList((await machine.tool('nvidia-smi', ['-L']))?.output ?? '');
  if (listed.length === 0) return none(query.problem ?? 'nvidia-smi names no GPU.');
  const version = toolkit ?? (await driversVersion(machine));
  // Render nodes of NVIDIA's driver are for graphics; containers get GPUs by index.
  const devices = await Promise.all(listed.map(({ driver: _, ...gpu }) => withPciFacts(machine, gpu)));
  return known<GpuFacts>({
    vendor: 'NVIDIA',
    count: devices.length,
    architecture: devices[0]?.name ?? '',
    devices: devices.map(({ renderNode: _, renderGroup: __, ...device }) => device),
    driver: listed[0]?.driver,
    toolkit: version === undefined ? undefined : { name: 'CUDA', version },
    notes: query.problem === undefined ? [] : [query.problem],
  });
};

const none = (note: string): GpuFacts => ({
  vendor: 'NVIDIA',
  count: 0,
  architecture: '',
  devices: [],
  notes: [note],
});

type ListedGpu = GpuDevice & { driver?: string };

/** Lines such as `0, GPU-5a1f…, 550.54.15, 00000000:3B:00.0, 1652823012345, 81559, NVIDIA H100 80GB HBM3`. */
export function parseQuery(output: string): ListedGpu[] {
  return output.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s*,\s*(GPU-[^\s,]+)\s*,([^,]*),([^,]*),([^,]*),([^,]*),\s*(\S.*?)\s*$/.exec(
      line,
    );
    if (!match) return [];
    const [, index = '', uuid, driver, bus, serial, memory, name = ''] = match;
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
      }),
    ];
  });
}

/** Lines such as `GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-5a1f…)`; those of MIG slices are indented and left out. */
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
