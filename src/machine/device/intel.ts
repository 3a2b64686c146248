import type { GpuDevice } from './gpu-facts.ts';
import type { Detector, MachineView } from './machine-view.ts';

/** Intel GPUs through `xpu-smi`. */
export const detectIntel: Detector = async (machine) => {
  const answer = await machine.tool('xpu-smi', ['discovery', '-j']);
  const listed = answer && 'output' in answer ? parseDiscovery(answer.output) : [];
  const devices = await Promise.all(listed.map((gpu) => withRenderNode(machine, gpu)));
  return {
    vendor: 'INTEL',
    count: devices.length,
    architecture: devices[0]?.name ?? '',
    devices,
    notes: answer && 'problem' in answer ? [answer.problem] : [],
  };
};

interface ListedGpu extends GpuDevice {
  /** Such as `card1`. */
  card: string | undefined;
}

/** `xpu-smi discovery -j`: an object with `device_list`. */
export function parseDiscovery(output: string): ListedGpu[] {
  let list: unknown;
  try {
    list = (JSON.parse(output) as { device_list?: unknown } | null)?.device_list;
  } catch {
    return [];
  }
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    const entry = (item ?? {}) as Record<string, unknown>;
    const index = entry.device_id;
    if (typeof index !== 'number' || !Number.isInteger(index)) return [];
    return [
      {
        index,
        name: typeof entry.device_name === 'string' ? entry.device_name : '',
        card: /\/(card\d+)$/.exec(String(entry.drm_device ?? ''))?.[1],
        ...(typeof entry.uuid === 'string' ? { uuid: entry.uuid } : {}),
      },
    ];
  });
}

async function withRenderNode(machine: MachineView, { card, ...device }: ListedGpu): Promise<GpuDevice> {
  if (card === undefined) return device;
  const names = await machine.names(`/sys/class/drm/${card}/device/drm`);
  const name = names.find((candidate) => /^renderD\d+$/.test(candidate));
  if (name === undefined) return device;
  const renderNode = `/dev/dri/${name}`;
  const renderGroup = await machine.group(renderNode);
  return { ...device, renderNode, ...(renderGroup === undefined ? {} : { renderGroup }) };
}
