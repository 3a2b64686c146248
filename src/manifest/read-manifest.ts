import { readJsonFile } from '../foundation/file/json-file.ts';
import { invalidFile } from '../foundation/schema-problem.ts';
import { type BuildManifest, manifestSchema } from './manifest-schema.ts';

const hint = 'Write the manifest anew with `madengine-cli build`, or correct that key.';

/** Reads a manifest of any version. Throws FILE_NOT_FOUND, or INVALID_FILE with the key path. */
export async function readManifest(file: string): Promise<BuildManifest> {
  return parseManifest(await readJsonFile(file), file);
}

export function parseManifest(data: unknown, file: string): BuildManifest {
  const result = manifestSchema.safeParse(data);
  if (!result.success) throw invalidFile(file, result.error, data, hint);
  // The Python tool writes '' for an image that is in no registry.
  for (const image of Object.values(result.data.built_images)) {
    if (image.registry_image === '') delete image.registry_image;
  }
  return result.data;
}
