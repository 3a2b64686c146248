import type { GpuDevice, GpuFacts } from './gpu-facts.ts';
import type { Detector } from './machine-view.ts';

/** NVIDIA GPUs through `nvidia-smi`; its columns: `nvidia-smi --help-query-gpu`. */
export const detectNvidia: Detector = async (machine) => {
  const query = await machine.tool('nvidia-smi', [
    '--query-gpu=index,name,uuid,driver_version',
    '--format=csv,noheader',
  ]);
  if (query === undefined) return none('There are NVIDIA device files, but nvidia-smi is not installed.');
  const rows = 'output' in query ? parseQuery(query.output) : [];
  if (rows.length > 0) return factsOf(rows, rows[0]?.driver, []);
  const list = await machine.tool('nvidia-smi', ['-L']);
  const listed = list && 'output' in list ? parseList(list.output) : [];
  if (listed.length > 0) return factsOf(listed, undefined, []);
  return none('problem' in query ? query.problem : 'nvidia-smi names no GPU.');
};

const none = (note: string): GpuFacts => ({
  vendor: 'NVIDIA',
  count: 0,
  architecture: '',
  devices: [],
  notes: [note],
});

function factsOf(devices: readonly GpuDevice[], driver: string | undefined, notes: string[]): GpuFacts {
  return {
    vendor: 'NVIDIA',
    count: devices.length,
    architecture: devices[0]?.name ?? '',
    devices: devices.map(({ index, name, uuid }) => ({ index, name, ...(uuid ? { uuid } : {}) })),
    ...(driver ? { driver } : {}),
    notes,
  };
}

/** Lines such as `0, NVIDIA H100 80GB HBM3, GPU-5a1f…, 550.54.15`. */
export function parseQuery(output: string): (GpuDevice & { driver: string })[] {
  return output.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s*,\s*(.+?)\s*,\s*(GPU-[^\s,]+)\s*,\s*(\S.*?)\s*$/.exec(line);
    if (!match) return [];
    const [, index = '', name = '', uuid = '', driver = ''] = match;
    return [{ index: Number(index), name, uuid, driver }];
  });
}

/** Lines such as `GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-5a1f…)`; those of MIG slices are indented and left out. */
export function parseList(output: string): GpuDevice[] {
  return output.split('\n').flatMap((line) => {
    const match = /^GPU (\d+): (.+?)(?: \(UUID: ([^)\s]+)\))?\s*$/.exec(line);
    if (!match) return [];
    const [, index = '', name = '', uuid] = match;
    return [{ index: Number(index), name, ...(uuid ? { uuid } : {}) }];
  });
}
