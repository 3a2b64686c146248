export type GpuVendor = 'AMD' | 'NVIDIA' | 'INTEL' | 'NONE';

export interface GpuDevice {
  /**
   * As the vendor's tools count, and as users write it in `docker_gpus`. Slices of GPUs, which have no such number, count
   * behind the last GPU.
   */
  index: number;
  /** As HIP counts, where that is known and may differ: in the order of the driver. */
  runtimeIndex?: number;
  /** The product, such as `AMD Instinct MI300X`; the architecture where no product is known; '' at worst. */
  name: string;
  /** Absolute path, such as `/dev/dri/renderD128`. */
  renderNode?: string;
  /** Group id of the render node. */
  renderGroup?: number;
  uuid?: string;
  /** AMD: the id in the UUIDs of ROCm's runtime (`GPU-<id>`), which differ from those of amd-smi; 16 hexadecimal digits. */
  uniqueId?: string;
  serial?: string;
  /** Version of its firmware: the video BIOS, or what Intel calls so. */
  firmware?: string;
  /** `0000:c1:00.0`, in lower case; partitions of one GPU share it. */
  pciAddress?: string;
  /** Undefined on machines with one node, where the kernel says -1. */
  numaNode?: number;
  memoryBytes?: number;
  /** What AMD's driver calls the GPU in `/sys/class/kfd/kfd/proc`. */
  kfdId?: number;
  /** NVIDIA: the device is a slice of a GPU (https://docs.nvidia.com/datacenter/tesla/mig-user-guide/). */
  mig?: MigSlice;
  /** Of a vendor that a plugin knows: absolute paths of what its containers get, such as `/dev/accel/accel0`. */
  deviceFiles?: readonly string[];
}

/** Where a slice belongs. */
export interface MigSlice {
  /** Index and UUID of the GPU that is divided; it is no device of its own then. */
  parent: number;
  parentUuid?: string;
  /** Counts from 0 on each GPU, as `nvidia-smi -L` does. */
  slice: number;
  /** Such as `1g.10gb`. */
  profile: string;
}

/** What models are compiled against: HIP for AMD, CUDA for NVIDIA, oneAPI for Intel. */
export interface GpuToolkit {
  name: 'HIP' | 'CUDA' | 'oneAPI';
  /** Major and minor, such as `6.2`. */
  version: string;
}

/** The GPUs of one machine; `vendor` is NONE and `count` 0 when there are none that can be used. */
export interface GpuFacts {
  /** Ours, or the name of a plugin's. */
  vendor: GpuVendor | (string & {});
  count: number;
  /** AMD: `gfx942`; NVIDIA: the product, `NVIDIA H100 80GB HBM3`; Intel: the device's name; '' when unknown. */
  architecture: string;
  devices: GpuDevice[];
  driver?: string;
  toolkit?: GpuToolkit;
  /** Of a vendor that a plugin knows: engine options of containers with its GPUs, besides their device files. */
  containerOptions?: readonly string[];
  /** Of such a vendor: the variable that names which GPUs a process sees. */
  visibleVariable?: string;
  /** AMD: the folder of ROCm on this machine, such as `/opt/rocm`. */
  rocmPath?: string;
  /** Indices that may be used, where environment or scheduler allow fewer than there are. */
  offered?: number[];
  /** What limits them, such as `HIP_VISIBLE_DEVICES=0,1`. */
  limitedBy?: string[];
  /** Paths of tools that gave no answer in time; absent where all did. */
  hungTools?: string[];
  /** What a person should know, such as a tool that failed. */
  notes: string[];
}

/** The GPUs that jobs may have, in the tools' order. */
export const offeredDevices = (facts: GpuFacts): GpuDevice[] =>
  facts.devices.filter(({ index }) => facts.offered?.includes(index) ?? true);
