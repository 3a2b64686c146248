import type { Context } from '../../context/context.ts';
import { gpuName } from '../../context/key-rules.ts';
import { MadError } from '../../foundation/error.ts';
import type { GpuFacts } from '../../machine/device/detect.ts';
import { devicesNamed } from '../../machine/device/device-name.ts';
import { type GpuDevice, offeredDevices } from '../../machine/device/gpu-facts.ts';
import type { ModelCard } from '../../package/card.ts';
import { numberListText, parseNumberList } from './number-list.ts';

/** What a job may take: any `count` of the candidates, the first ones where all are free. */
export interface GpuWish {
  count: number;
  candidates: readonly GpuDevice[];
}

/** GPUs that no job gets any more, with the reason. */
export type SetAside = ReadonlyMap<number, string>;

const none: SetAside = new Map();

/** The GPUs of a job when all are free. Throws as `gpuWish` does. */
export function chooseGpus(card: ModelCard, context: Context, facts: GpuFacts, setAside = none): number[] {
  const { count, candidates } = gpuWish(card, context, facts, setAside);
  return candidates.slice(0, count).map(({ index }) => index);
}

/**
 * `n_gpus` of `docker_gpus`, or of all that are offered; `-1` is all of them. Throws DEVICE_UNAVAILABLE when the card
 * asks for more than there are, INVALID_ARGUMENT for a list that can't be read.
 */
export function gpuWish(card: ModelCard, context: Context, facts: GpuFacts, setAside = none): GpuWish {
  const asked = gpusAsked(card, context);
  if (asked === 0) return { count: 0, candidates: [] };
  const list = listedGpus(context);
  const offered = offeredDevices(facts);
  const named = list?.names.map((name) => devicesNamed(offered, name)) ?? [];
  const listed = list
    ? offered.filter((device) => named.some((devices) => devices.includes(device)))
    : offered;
  const candidates = listed.filter(({ index }) => !setAside.has(index));
  const missing = named.filter((devices) => devices.length === 0);
  const tooFew = asked < 0 ? missing.length > 0 : asked > candidates.length;
  if (candidates.length === 0 || tooFew)
    throw unavailable({ card, asked, left: candidates.length, facts, list, setAside });
  return { count: asked < 0 ? candidates.length : asked, candidates };
}

interface GpuList {
  /** As `devicesNamed` takes them. */
  names: readonly string[];
  /** With numbers in order and ranges. */
  text: string;
}

/** `docker_gpus`: numbers and ranges, UUIDs, and slices such as `0:1`. */
function listedGpus(context: Context): GpuList | undefined {
  const text = context.values.docker_gpus;
  if (typeof text !== 'string' || text.trim() === '') return undefined;
  const words = text.split(',').map((word) => word.trim());
  const names = words.filter((word) => gpuName.test(word));
  const rest = words.filter((word) => !gpuName.test(word));
  const numbers = rest.length === 0 ? [] : parseNumberList(rest.join(','), 'docker_gpus');
  const parts = [numberListText(numbers), ...names].filter((part) => part !== '');
  return { names: [...numbers.map(String), ...names], text: parts.join(',') };
}

interface Shortage {
  card: ModelCard;
  /** GPUs; -1: all. */
  asked: number;
  /** How many could be given. */
  left: number;
  facts: GpuFacts;
  list: GpuList | undefined;
  setAside: SetAside;
}

function unavailable({ card, asked, left, facts, list, setAside }: Shortage): MadError {
  const what = asked < 0 ? 'all GPUs' : `${asked} GPU${asked === 1 ? '' : 's'}`;
  if (facts.count === 0) {
    return new MadError('DEVICE_UNAVAILABLE', `${card.name} asks for ${what}, and this machine has none`, {
      hint: 'Run it on a GPU node with --manifest-file, or set the card\'s n_gpus to "0" if it needs none.',
    });
  }
  const limits = [
    ...(list ? [`docker_gpus is "${list.text}"`] : []),
    ...(facts.limitedBy ?? []),
    ...[...setAside].map(([index, reason]) => `GPU ${index} was set aside (${reason})`),
  ];
  const why = limits.length === 0 ? '' : `: ${limits.join('; ')}`;
  return new MadError(
    'DEVICE_UNAVAILABLE',
    `${card.name} asks for ${what}, and ${left === 0 ? 'none' : left} of the ${facts.count} here can be given${why}`,
    { hint: 'Choose a node with more GPUs, ask for fewer (n_gpus), or lift what limits them.' },
  );
}

/** First one wins (v2-formats, 4). */
const countKeys = ['gpus_per_node', 'gpu_count', 'n_gpus', 'num_gpus', 'ngpus'] as const;

export const contextNamesGpus = (context: Context): boolean =>
  countKeys.some((key) => context.values[key] !== undefined);

/** 0 when the model needs no GPU, -1 when it takes all; the context's count over the card's. */
export function gpusAsked(card: ModelCard, context: Context): number {
  if (context.values.gpu_vendor === 'NONE') return 0;
  const key = countKeys.find((each) => context.values[each] !== undefined);
  const asked = Number(key === undefined ? card.n_gpus : context.values[key]);
  return Number.isInteger(asked) ? asked : -1;
}

/** The context's `gpu_renderDs` names the render node of each GPU by its minor, in the order of the GPUs. */
export function withRenderNodes(facts: GpuFacts, context: Context): GpuFacts {
  const minors = context.values.gpu_renderDs;
  if (!Array.isArray(minors) || minors.length === 0) return facts;
  const devices = facts.devices.map((device, at) => {
    const minor: unknown = minors[at];
    if (minor === undefined) return device;
    if (Number.isInteger(minor) && Number(minor) >= 0)
      return { ...device, renderNode: `/dev/dri/renderD${String(minor)}` };
    throw new MadError(
      'INVALID_ARGUMENT',
      `gpu_renderDs: ${JSON.stringify(minor)} is no number of a render node`,
      {
        hint: 'Write the numbers of /dev/dri/renderD*, such as [128, 136].',
      },
    );
  });
  return { ...facts, devices };
}
