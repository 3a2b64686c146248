import { join } from 'node:path';
import { type EnsureOptions, ensureImage, imageAtHand } from '../image/pull.ts';
import { loginForImage } from '../image/registry-login.ts';
import type { RunFailure } from '../record/record-schema.ts';
import { sourceOf } from './image-source.ts';
import type { Job } from './job.ts';
import { type Progress, type RunServices, roundedSeconds } from './run-services.ts';

/** A job's image on this machine, with its id and digest noted; returns how to name it, or why it could not be had. */
export async function pullImage(
  job: Job,
  services: RunServices,
  progress: Progress,
): Promise<{ reference: string } | { failure: RunFailure }> {
  if (services.engine.kind === 'host') return { reference: '' };
  const { pulled: earlier } = services;
  if (earlier?.reference !== undefined) {
    Object.assign(progress.image, earlier.image);
    return { reference: earlier.reference };
  }
  const asked = services.askedAhead.get(imageAtHand(sourceOf(job.image)));
  const ensure = (): ReturnType<typeof ensureImage> =>
    ensureImage({ ...pullOptions(job, services), ...(asked ? { asked } : {}) });
  const pulled = await (services.prefetch ? services.prefetch.own(job, ensure) : ensure());
  progress.durations.pull_s = roundedSeconds(pulled.durationS);
  if (pulled.status === 'FAILURE') {
    return {
      failure: pulled.failure ?? { class: 'pull', stage: 'pull', message: 'the image could not be had' },
    };
  }
  progress.image.id = pulled.imageId;
  progress.image.digest = pulled.digest ?? progress.image.digest;
  if (earlier) {
    const { id, digest } = progress.image;
    Object.assign(earlier, { reference: pulled.reference, image: { id, digest } });
  }
  return { reference: pulled.reference };
}

/** How a job's image is had. */
export function pullOptions({ image }: Job, services: RunServices): EnsureOptions {
  const remote = image.registry_image ?? (image.local_image ? image.docker_image : undefined);
  const registries = [services.registry, image.registry];
  const login = remote && loginForImage(remote, registries, services.credentials);
  return {
    ...sourceOf(image),
    engine: services.engine,
    localImage: image.local_image ?? false,
    builtHere: services.builtHere,
    ...(login ? { login } : {}),
    configDir: join(services.secretsDir, 'registry'),
    emit: services.emit,
    clock: services.clock,
    signal: services.signal,
  };
}
