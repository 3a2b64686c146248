/** What the kernel says of any PCI device: https://docs.kernel.org/PCI/sysfs-pci.html and, for AMD, amdgpu's own files. */
import type { GpuDevice } from './gpu-facts.ts';
import type { MachineView } from './machine-view.ts';
import { known, said, wholeNumber } from './tool-output.ts';

const pciFolder = (address: string): string => `/sys/bus/pci/devices/${address}`;

/** Fills in what is still unknown of a device. */
export async function withPciFacts(machine: MachineView, device: GpuDevice): Promise<GpuDevice> {
  if (device.pciAddress === undefined) return device;
  const folder = pciFolder(device.pciAddress);
  const [numa, serial, memory, names] = await Promise.all([
    machine.text(`${folder}/numa_node`),
    machine.text(`${folder}/serial_number`),
    machine.text(`${folder}/mem_info_vram_total`),
    device.renderNode === undefined ? machine.names(`${folder}/drm`) : [],
  ]);
  const renderName = names.find((name) => /^renderD\d+$/.test(name));
  const renderNode = device.renderNode ?? (renderName === undefined ? undefined : `/dev/dri/${renderName}`);
  return known<GpuDevice>({
    ...device,
    renderNode,
    renderGroup: renderNode === undefined ? undefined : await machine.group(renderNode),
    serial: device.serial ?? said(serial),
    numaNode: wholeNumber(numa),
    memoryBytes: device.memoryBytes ?? wholeNumber(memory),
  });
}
