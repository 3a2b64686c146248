// Finds accelerators by what the kernel's `accel` subsystem says of them (/sys/class/accel), without any tool.
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
    const names = await machine.names('/sys/class/accel');
    const devices = [];
    for (const name of names.filter((one) => /^accel\d+$/.test(one)).sort(byNumber)) {
      const file = `/dev/accel/${name}`;
      if (!(await machine.exists(file))) continue;
      const driver = await machine.linkName(`/sys/class/accel/${name}/device/driver`);
      const address = await machine.linkName(`/sys/class/accel/${name}/device`);
      devices.push({
        index: devices.length,
        name: driver ?? 'accelerator',
        deviceFiles: [file],
        ...(address === undefined ? {} : { pciAddress: address }),
      });
    }
    return { devices, architecture: devices[0]?.name ?? '', visibleVariable: 'NPU_VISIBLE_DEVICES' };
  },
};

const byNumber = (one, other) => Number(one.slice('accel'.length)) - Number(other.slice('accel'.length));
