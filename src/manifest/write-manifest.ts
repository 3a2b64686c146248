import { writeOutput } from '../foundation/file/write-output.ts';
import type { BuildManifest } from './manifest-schema.ts';
import { manifestSchemaName } from './schema-name.ts';

/** The keys of the Python tool in its order, then ours. */
const keyOrder = [
  'built_images',
  'built_models',
  'context',
  'credentials_required',
  'registry',
  'push_failures',
  'failed_builds',
  'summary',
  'deployment_config',
  'schema',
  'madengine_version',
  'created_at',
  'package',
] as const;

export function printManifest(manifest: BuildManifest): string {
  const ordered: Record<string, unknown> = {};
  for (const key of keyOrder) if (manifest[key] !== undefined) ordered[key] = manifest[key];
  for (const [key, value] of Object.entries(manifest)) if (!(key in ordered)) ordered[key] = value;
  ordered.schema = manifestSchemaName;
  return `${JSON.stringify(ordered, null, 2)}\n`;
}

/** Writes the whole manifest or nothing. */
export async function writeManifest(file: string, manifest: BuildManifest): Promise<void> {
  await writeOutput(file, printManifest(manifest));
}
