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
  const result = manifestSchema.safeParse(withoutNulls(data));
  if (!result.success) throw invalidFile(file, result.error, data, hint);
  return result.data;
}

/** Python programs write None for what they don't know: a key with null, of the manifest or of an image, is none. */
function withoutNulls(data: unknown): unknown {
  const manifest = withoutNullKeys(data);
  if (!isObject(manifest) || !isObject(manifest.built_images)) return manifest;
  const images = Object.entries(manifest.built_images).map(([name, image]) => [name, withoutNullKeys(image)]);
  return { ...manifest, built_images: Object.fromEntries(images) };
}

const withoutNullKeys = (value: unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null)) : value;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
