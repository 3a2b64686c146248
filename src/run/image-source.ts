import type { EnsureOptions } from '../image/pull.ts';
import type { BuiltImage } from '../manifest/manifest-schema.ts';

/** Which image a manifest's entry means. */
export function sourceOf(
  image: BuiltImage,
): Pick<EnsureOptions, 'image' | 'registryImage' | 'digest' | 'imageId'> {
  return {
    image: image.docker_image,
    ...(image.registry_image ? { registryImage: image.registry_image } : {}),
    ...(image.registry_digest ? { digest: image.registry_digest } : {}),
    ...(image.image_id ? { imageId: image.image_id } : {}),
  };
}
