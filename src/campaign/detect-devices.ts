/** The GPUs of this machine, and what a person should know of them before models run. */
import type { Context } from '../context/context.ts';
import { readContextLayers } from '../context/read.ts';
import type { Emit } from '../foundation/event.ts';
import { detectGpus, type GpuFacts } from '../machine/device/detect.ts';
import { gpusAsked } from '../run/gpu/choose-gpus.ts';
import type { Job } from '../run/job.ts';
import type { ContextOptions, Surroundings } from './options.ts';

/** Before the context is finished, which takes the vendor from here. */
export async function detectDevices(options: ContextOptions, around: Surroundings): Promise<GpuFacts> {
  const rocmPath = await rocmPathAsked(options, around);
  return detectGpus(around.runner, {
    env: around.env,
    signal: around.signal,
    ...(rocmPath === undefined ? {} : { rocmPath }),
    ...(around.plugins ? { vendors: around.plugins.vendors } : {}),
  });
}

/** `MAD_ROCM_PATH` of what was typed; a manifest's comes from another machine. */
async function rocmPathAsked(options: ContextOptions, around: Surroundings): Promise<string | undefined> {
  const layers = await readContextLayers({ ...options, env: around.env, cwd: around.cwd });
  const path = [around.projectContext ?? {}, ...layers.map(({ values }) => values)]
    .map((values) => values.MAD_ROCM_PATH)
    .findLast((value) => typeof value === 'string' && value !== '');
  return typeof path === 'string' ? path : undefined;
}

/** Once a campaign. */
export function tellDevices(gpus: GpuFacts, jobs: readonly Job[], context: Context, emit: Emit): void {
  for (const message of gpus.notes) {
    emit({ type: 'notice', level: 'warning', code: 'GPU_DETECTION', message });
  }
  if (gpus.limitedBy) {
    const left = gpus.offered?.length ?? 0;
    const message = `${left} of ${gpus.count} GPUs are offered to models: ${gpus.limitedBy.join(', ')}`;
    emit({ type: 'notice', level: 'info', code: 'GPUS_LIMITED', message });
  }
  if (gpus.vendor !== 'NONE' || jobs.length === 0) return;
  const asking = jobs.filter((job) => gpusAsked(job.card, context) !== 0);
  const names = [...new Set(asking.map((job) => job.card.name))];
  const shown = `${names.slice(0, 3).join(', ')}${names.length > 3 ? `, and ${names.length - 3} more` : ''}`;
  emit({
    type: 'notice',
    level: names.length > 0 ? 'warning' : 'info',
    code: 'NO_GPU',
    message: `this machine has no GPU that can be used: only models that need none run here${names.length > 0 ? `, and ${shown} will fail` : ''}`,
    ...(names.length > 0
      ? { hint: 'A card needs none with n_gpus "0", all of them with gpu_vendor NONE in the context.' }
      : {}),
  });
}
