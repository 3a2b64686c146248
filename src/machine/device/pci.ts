/**
 * What the kernel says of any PCI device: https://docs.kernel.org/PCI/sysfs-pci.html and, for AMD and NVIDIA, the drivers'
 * own files: https://docs.kernel.org/gpu/amdgpu/driver-misc.html.
 */
import type { GpuDevice } from './gpu-facts.ts';
import type { MachineView } from './machine-view.ts';
import { known, said, wholeNumber } from './tool-output.ts';

const pciFolder = (address: string): string => `/sys/bus/pci/devices/${address}`;

/** Fills in what is still unknown of a device. */
export async function withPciFacts(machine: MachineView, device: GpuDevice): Promise<GpuDevice> {
  if (device.pciAddress === undefined) return device;
  const folder = pciFolder(device.pciAddress);
  const [numa, serial, memory, names, bios, nvidia] = await Promise.all([
    machine.text(`${folder}/numa_node`),
    machine.text(`${folder}/serial_number`),
    machine.text(`${folder}/mem_info_vram_total`),
    device.renderNode === undefined ? machine.names(`${folder}/drm`) : [],
    machine.text(`${folder}/vbios_version`),
    machine.text(`/proc/driver/nvidia/gpus/${device.pciAddress}/information`),
  ]);
  const renderName = names.find((name) => /^renderD\d+$/.test(name));
  const renderNode = device.renderNode ?? (renderName === undefined ? undefined : `/dev/dri/${renderName}`);
  return known<GpuDevice>({
    ...device,
    renderNode,
    renderGroup: renderNode === undefined ? undefined : await machine.group(renderNode),
    serial: device.serial ?? said(serial),
    firmware: device.firmware ?? said(bios) ?? said(/^Video BIOS:\s*([\w.]+)\s*$/m.exec(nvidia ?? '')?.[1]),
    numaNode: wholeNumber(numa),
    memoryBytes: device.memoryBytes ?? wholeNumber(memory),
  });
}
