import type { Context } from '../context/context.ts';
import type { GpuFacts } from '../machine/device/detect.ts';
import { gpusAsked } from './gpu/choose-gpus.ts';
import type { Job } from './job.ts';

export interface SkipSettings {
  ignoreDeprecated: boolean;
  disableSkipGpuArch: boolean;
}

export interface Skip {
  reason: string;
  /** The image doesn't fit this machine; otherwise card or option ask for it. */
  misfit: boolean;
}

/** Whether and why this job is left out here. A job that needs no GPU fits a machine that has none. */
export function skipOf(job: Job, context: Context, gpus: GpuFacts, settings: SkipSettings): Skip | undefined {
  const chosen = chosenSkip(job, architectureTold(context) ?? gpus.architecture, settings);
  if (chosen !== undefined) return { reason: chosen, misfit: false };
  const misfit = misfitOf(job, context, gpus);
  return misfit === undefined ? undefined : { reason: misfit, misfit: true };
}

/** What models are told in place of the machine's; the Python tool skips by that, too. */
function architectureTold({ values }: Context): string | undefined {
  const variables = values.docker_env_vars as Readonly<Record<string, unknown>> | undefined;
  const told = variables?.MAD_SYSTEM_GPU_ARCHITECTURE;
  return typeof told === 'string' ? told : undefined;
}

function chosenSkip({ card }: Job, architecture: string, settings: SkipSettings): string | undefined {
  if (card.is_deprecated && !settings.ignoreDeprecated) {
    return 'the card is deprecated; --ignore-deprecated runs it all the same';
  }
  if (settings.disableSkipGpuArch) return undefined;
  const skipped = card.skip_gpu_arch
    .split(',')
    .map((part) => part.trim())
    .find((part) => part !== '' && sameArchitecture(part, architecture));
  return skipped === undefined
    ? undefined
    : `the card's skip_gpu_arch names ${skipped}; --disable-skip-gpu-arch runs it`;
}

function misfitOf({ card, image }: Job, context: Context, gpus: GpuFacts): string | undefined {
  if (gpus.vendor === 'NONE') return undefined;
  const vendor = image.gpu_vendor?.toUpperCase();
  if (vendor && vendor !== 'NONE' && vendor !== gpus.vendor && gpusAsked(card, context) !== 0) {
    return `the image is for ${vendor}, this machine has ${gpus.vendor}`;
  }
  const architecture = image.gpu_architecture;
  if (architecture && gpus.architecture !== '' && !sameArchitecture(architecture, gpus.architecture)) {
    return `the image is for ${architecture}, this machine has ${gpus.architecture}`;
  }
  return undefined;
}

/** `NVIDIA A100-SXM4-80GB` is known as `A100` and `A100-SXM4-80GB` too; `gfx90a:sramecc+` as `gfx90a`. */
function sameArchitecture(asked: string, here: string): boolean {
  const plain = here.replace(/^NVIDIA\s+/i, '').trim();
  const names = [here, plain, plain.split(/[\s-]/)[0], plain.split(':')[0]];
  return names.some((name) => name?.toLowerCase() === asked.toLowerCase());
}
