import type { Verdict } from '../run-services.ts';
import type { Act, WithGpusOptions } from './hold-gpus.ts';

/** A job without GPUs just runs; it loads nothing of what others need. */
export async function withGpus(options: WithGpusOptions, act: Act): Promise<Verdict> {
  if (options.plan.gpus.length === 0) return act(options.plan);
  const { holdGpus } = await import('./hold-gpus.ts');
  return holdGpus(options, act);
}
