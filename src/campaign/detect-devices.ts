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
  const asked = await typedTexts(options, around);
  const rocmPath = asked('MAD_ROCM_PATH');
  const preferred = asked('gpu_vendor');
  return detectGpus(around.runner, {
    env: around.env,
    signal: around.signal,
    ...(rocmPath === undefined ? {} : { rocmPath }),
    ...(preferred === undefined ? {} : { preferred }),
    ...(around.plugins ? { vendors: around.plugins.vendors } : {}),
  });
}

/** Texts of what was typed, by key; a manifest's come from another machine. */
async function typedTexts(
  options: ContextOptions,
  around: Surroundings,
): Promise<(key: string) => string | undefined> {
  const layers = await readContextLayers({ ...options, env: around.env, cwd: around.cwd });
  const all = [around.projectContext ?? {}, ...layers.map(({ values }) => values)];
  return (key) => {
    const text = all
      .map((values) => values[key])
      .findLast((value) => typeof value === 'string' && value !== '');
    return typeof text === 'string' ? text : undefined;
  };
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
