import type { GpuDevice, GpuFacts } from './gpu-facts.ts';
import type { Detector, MachineView } from './machine-view.ts';
import { withPciFacts } from './pci.ts';
import {
  bytesOf,
  jsonIn,
  known,
  majorMinor,
  objectOf,
  objectsIn,
  pciAddress,
  said,
  wholeNumber,
  withKey,
} from './tool-output.ts';

/** Intel GPUs through `xpu-smi`, whose guide is https://intel.github.io/xpumanager/smi_user_guide.html. */
export const detectIntel: Detector = async (machine) => {
  const [answer, version] = await Promise.all([
    machine.tool('xpu-smi', ['discovery', '-j']),
    toolkitVersion(machine),
  ]);
  const listed = parseDiscovery(answer?.output ?? '');
  const detailed = await Promise.all(listed.map((gpu) => withDetails(machine, gpu)));
  const devices = await Promise.all(
    detailed.map(({ driver: _, card: __, ...gpu }) => withPciFacts(machine, gpu)),
  );
  return known<GpuFacts>({
    vendor: 'INTEL',
    count: devices.length,
    architecture: devices[0]?.name ?? '',
    devices,
    driver: detailed[0]?.driver,
    toolkit: version === undefined ? undefined : { name: 'oneAPI', version },
    notes:
      answer?.problem !== undefined ? [answer.problem] : devices.length > 0 ? [] : ['xpu-smi names no GPU.'],
  });
};

interface ListedGpu extends GpuDevice {
  /** Such as `card1`. */
  card?: string;
  driver?: string;
}

/** `xpu-smi discovery -j`: an object with `device_list`; 1.0 names no `drm_device`. */
export function parseDiscovery(output: string): ListedGpu[] {
  return objectsIn(objectOf(jsonIn(output, withKey('device_list'))).device_list).flatMap((entry) => {
    const index = wholeNumber(entry.device_id);
    // Virtual functions belong to guests.
    return index === undefined || entry.device_function_type === 'virtual' ? [] : [gpuOf(entry, index)];
  });
}

function gpuOf(entry: Readonly<Record<string, unknown>>, index: number): ListedGpu {
  return known<ListedGpu>({
    index,
    name: said(entry.device_name) ?? '',
    card: /\/(card\d+)$/.exec(said(entry.drm_device) ?? '')?.[1],
    uuid: said(entry.uuid),
    serial: said(entry.serial_number),
    firmware: said(entry.gfx_firmware_version),
    pciAddress: pciAddress(entry.pci_bdf_address),
    memoryBytes: bytesOf(entry.memory_physical_size_byte),
    driver: said(entry.driver_version),
  });
}

/** The list is short; the description of one device has the rest. */
async function withDetails(machine: MachineView, gpu: ListedGpu): Promise<ListedGpu> {
  const [answer, names] = await Promise.all([
    machine.tool('xpu-smi', ['discovery', '-d', String(gpu.index), '-j']),
    gpu.card === undefined ? [] : machine.names(`/sys/class/drm/${gpu.card}/device/drm`),
  ]);
  const more = gpuOf(objectOf(jsonIn(answer?.output ?? '', withKey('device_id'))), gpu.index);
  const renderName = names.find((name) => /^renderD\d+$/.test(name));
  const renderNode = renderName === undefined ? undefined : `/dev/dri/${renderName}`;
  const renderGroup = renderNode === undefined ? undefined : await machine.group(renderNode);
  return known<ListedGpu>({ ...more, ...gpu, renderNode, renderGroup });
}

/** `Intel(R) oneAPI DPC++/C++ Compiler 2024.1.0 (…)`, else the folder that `latest` leads to. */
async function toolkitVersion(machine: MachineView): Promise<string | undefined> {
  const compiler = await machine.tool('icpx', ['--version']);
  const said = /Compiler (\d+\.\d+)/.exec(compiler?.output ?? '')?.[1];
  return said ?? majorMinor((await machine.linkName('/opt/intel/oneapi/compiler/latest')) ?? '');
}
