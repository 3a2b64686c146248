// Finds accelerators of the kernel's `accel` subsystem by their device files (/dev/accel/accel0, …), without any tool; what
// /sys/class/accel says of them besides becomes their name.
//
// Cards then run with them as with GPUs: n_gpus, docker_gpus and NPU_VISIBLE_DEVICES mean them, and Dockerfiles with
// `# CONTEXT {'gpu_vendor': 'NPU'}` are for machines that have them.

/** @type {import('madengine/plugin').VendorPlugin} */
export default {
  api: 1,
  kind: 'vendor',
  name: 'NPU',
  files: ['/dev/accel'],

  async detect(machine) {
    const names = (await machine.names('/dev/accel'))
      .filter((name) => /^accel\d+$/.test(name))
      .sort(byNumber);
    const devices = await Promise.all(
      names.map(async (name, index) => {
        const driver = await machine.linkName(`/sys/class/accel/${name}/device/driver`);
        const pciAddress = await machine.linkName(`/sys/class/accel/${name}/device`);
        return {
          index,
          name: driver ?? 'accelerator',
          deviceFiles: [`/dev/accel/${name}`],
          ...(pciAddress === undefined ? {} : { pciAddress }),
        };
      }),
    );
    return { devices, architecture: devices[0]?.name ?? '', visibleVariable: 'NPU_VISIBLE_DEVICES' };
  },
};

const byNumber = (one, other) => Number(one.slice('accel'.length)) - Number(other.slice('accel'.length));
