import { readJsonFile } from '../foundation/file/json-file.ts';
import type { BuildManifest } from './manifest-schema.ts';
import { plainManifest } from './plain-manifest.ts';

const hint = 'Write the manifest anew with `madengine-cli build`, or correct that key.';

/** Reads a manifest of any version. Throws FILE_NOT_FOUND, or INVALID_FILE with the key path. */
export async function readManifest(file: string): Promise<BuildManifest> {
  return parseManifest(await readJsonFile(file), file);
}

export async function parseManifest(data: unknown, file: string): Promise<BuildManifest> {
  const manifest = plainManifest(data) ?? (await parseUnusual(data, file));
  // The Python tool writes '' for an image that is in no registry.
  for (const image of Object.values(manifest.built_images)) {
    if (image.registry_image === '') delete image.registry_image;
  }
  return manifest;
}

async function parseUnusual(data: unknown, file: string): Promise<BuildManifest> {
  const [{ manifestSchema }, { invalidFile }] = await Promise.all([
    import('./manifest-schema.ts'),
    import('../foundation/schema-problem.ts'),
  ]);
  const result = manifestSchema.safeParse(data);
  if (!result.success) throw invalidFile(file, result.error, data, hint);
  return result.data;
}
