/** Images that a build doesn't make: an image of the user's, or those that a batch manifest takes as they are. */

import type { Context } from '../../context/context.ts';
import { isPlainObject } from '../../context/merge.ts';
import { MadError } from '../../foundation/error.ts';
import type { Dockerfile } from '../../image/dockerfile.ts';
import { imageName } from '../../image/name.ts';
import { parseImageReference, printImageReference, registryImage } from '../../image/reference.ts';
import type { GivenImage } from '../../manifest/assemble.ts';
import type { BuiltImage } from '../../manifest/manifest-schema.ts';
import type { ModelCard } from '../../package/card.ts';
import type { Credentials } from '../../package/credential-file.ts';
import type { Surroundings } from '../options.ts';
import type { WantedModel } from './wanted-model.ts';

const notBuilt = {
  dockerfile: '',
  base_docker: '',
  docker_sha: '',
  build_duration: 0,
  build_command: '',
  log_file: '',
} as const;

/** An image of the user's as a manifest holds it: whatever has this name on the node, else in its registry. */
export function ownImage(image: string): BuiltImage {
  return { image_name: image, docker_image: image, ...notBuilt, local_image: true, prebuilt: true };
}

/** `--use-image`, else the context's `MAD_CONTAINER_IMAGE`, for every model; undefined when neither names an image. */
export function ownImages(
  useImage: string | undefined,
  context: Context,
  wanted: readonly WantedModel[],
  around: Surroundings,
): GivenImage[] | undefined {
  const fromContext = ownImageOf(context);
  if (useImage === undefined && fromContext === undefined) return undefined;
  const image = useImage === 'auto' ? imageOfCards(wanted, around) : (useImage ?? fromContext ?? '');
  parseImageReference(image);
  const prefix = useImage === undefined ? 'local-' : '';
  return wanted.map(({ card }) => ({
    key: `${prefix}${card.name}`,
    image: ownImage(image),
    card: { ...card, extra: { ...card.extra, env_vars: { ...envVarsOf(card), DOCKER_IMAGE_NAME: image } } },
  }));
}

export function ownImageOf(context: Context): string | undefined {
  const { MAD_CONTAINER_IMAGE: image } = context.values;
  return typeof image === 'string' && image.trim() !== '' ? image.trim() : undefined;
}

const envVarsOf = ({ extra }: ModelCard): Record<string, unknown> =>
  isPlainObject(extra.env_vars) ? extra.env_vars : {};

/** `--use-image auto`: the image that the first card names which names one. */
function imageOfCards(wanted: readonly WantedModel[], around: Surroundings): string {
  const named = wanted
    .map(({ card }) => envVarsOf(card).DOCKER_IMAGE_NAME)
    .filter((image) => typeof image === 'string')
    .filter((image) => image !== '');
  const [image] = named;
  if (image === undefined) {
    throw new MadError(
      'INVALID_ARGUMENT',
      '--use-image auto: no selected card has DOCKER_IMAGE_NAME in env_vars',
      {
        hint: 'Name the image: --use-image group/image:tag.',
      },
    );
  }
  const others = [...new Set(named)].filter((other) => other !== image);
  if (others.length > 0) {
    around.events.emit({
      type: 'notice',
      level: 'warning',
      code: 'SEVERAL_IMAGES',
      message: `the cards name several images: taking ${image} for all, and not ${others.join(', ')}`,
      hint: 'Build the models that need another image by themselves.',
    });
  }
  return image;
}

/** Batch entries with `build_new` false: the image that the entry names, else those that a build would have made. */
export function existingImages(
  wanted: WantedModel,
  dockerfiles: readonly Dockerfile[],
  credentials: Credentials,
): GivenImage[] {
  const { card, registryImage: named } = wanted;
  const facts: (Dockerfile | undefined)[] = dockerfiles.length > 0 ? [...dockerfiles] : [undefined];
  const chosen = named === undefined ? facts : facts.slice(0, 1);
  return chosen.map((dockerfile) => {
    const image = imageName(card, dockerfile?.path ?? '');
    return { key: image, image: existingImage(image, wanted, dockerfile, credentials), card };
  });
}

function existingImage(
  image: string,
  { card, registry, registryImage: named }: WantedModel,
  dockerfile: Dockerfile | undefined,
  credentials: Credentials,
): BuiltImage {
  const whole = named ?? (registry === undefined ? undefined : registryImage(registry, credentials, image));
  const { digest, ...reference } = whole === undefined ? { digest: undefined } : parseImageReference(whole);
  return {
    docker_image: image,
    ...notBuilt,
    ...(dockerfile ? { dockerfile: dockerfile.path, base_docker: dockerfile.base } : {}),
    build_command: `# Skipped build for ${card.name} (build_new=false)`,
    ...(registry === undefined ? {} : { registry }),
    ...('path' in reference
      ? { registry_image: printImageReference({ ...reference, digest: undefined }) }
      : {}),
    ...(digest === undefined ? {} : { registry_digest: digest }),
    ...(dockerfile?.gpuVendor ? { gpu_vendor: dockerfile.gpuVendor } : {}),
    ...(dockerfile?.gpuArchitecture ? { gpu_architecture: dockerfile.gpuArchitecture } : {}),
  };
}
