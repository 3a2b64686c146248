import type { Context } from '../context/context.ts';
import { MadError } from '../foundation/error.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import type { ModelCard } from '../package/card.ts';

/**
 * The GPUs of a job: the first `n_gpus` of `docker_gpus`, or of all; `-1` is all of them. Throws DEVICE_UNAVAILABLE when
 * the card asks for more than there are, INVALID_ARGUMENT for a list that can't be read.
 */
export function chooseGpus(card: ModelCard, context: Context, facts: GpuFacts): number[] {
  const asked = gpusAsked(card, context);
  if (asked === 0) return [];
  const text = context.values.docker_gpus;
  const offered =
    typeof text === 'string' && text.trim() !== ''
      ? parseGpuList(text)
      : facts.devices.map((device) => device.index);
  const there = offered.filter((index) => facts.devices.some((device) => device.index === index));
  if (there.length === 0) {
    throw new MadError(
      'DEVICE_UNAVAILABLE',
      `${card.name} asks for GPUs (n_gpus ${card.n_gpus}), and this machine has none`,
      {
        hint: 'Run it on a GPU node with --manifest-file, or set the card\'s n_gpus to "0" if it needs none.',
      },
    );
  }
  if (asked > there.length) {
    throw new MadError(
      'DEVICE_UNAVAILABLE',
      `${card.name} asks for ${asked} GPUs, and there are ${there.length} to give`,
      {
        hint:
          typeof text === 'string'
            ? `The context's docker_gpus is "${text}".`
            : 'Choose a node with more GPUs.',
      },
    );
  }
  return asked < 0 ? there : there.slice(0, asked);
}

/** First one wins (v2-formats, 4). */
const countKeys = ['gpus_per_node', 'gpu_count', 'n_gpus', 'num_gpus', 'ngpus'] as const;

/** 0 when the model needs no GPU, -1 when it takes all; the context's count over the card's. */
export function gpusAsked(card: ModelCard, context: Context): number {
  if (context.values.gpu_vendor === 'NONE') return 0;
  const key = countKeys.find((each) => context.values[each] !== undefined);
  const asked = Number(key === undefined ? card.n_gpus : context.values[key]);
  return Number.isInteger(asked) ? asked : -1;
}

/** `0,2-4,7` as sorted indices without doubles. */
export function parseGpuList(text: string): number[] {
  const indices = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,4})\s*(?:-\s*(\d{1,4})\s*)?$/.exec(part);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    if (!match || to < from) {
      throw new MadError('INVALID_ARGUMENT', `docker_gpus: cannot read "${part.trim()}" in "${text}"`, {
        hint: 'Write numbers and ranges, such as "0,2-4".',
      });
    }
    for (let index = from; index <= to; index++) indices.add(index);
  }
  return [...indices].sort((a, b) => a - b);
}
