export type GpuVendor = 'AMD' | 'NVIDIA' | 'INTEL' | 'NONE';

export interface GpuDevice {
  /** As the vendor's tools count, and as users write it in `docker_gpus`. */
  index: number;
  name: string;
  /** Absolute path, such as `/dev/dri/renderD128`. */
  renderNode?: string;
  /** Group id of the render node. */
  renderGroup?: number;
  uuid?: string;
}

/** The GPUs of one machine; `vendor` is NONE and `count` 0 when there are none that can be used. */
export interface GpuFacts {
  vendor: GpuVendor;
  count: number;
  /** AMD: `gfx942`; NVIDIA: the product, `NVIDIA H100 80GB HBM3`; Intel: the device's name; '' when unknown. */
  architecture: string;
  devices: GpuDevice[];
  driver?: string;
  /** What a person should know, such as a tool that failed. */
  notes: string[];
}
