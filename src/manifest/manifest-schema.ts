/**
 * The build manifest: everything that a node needs to run, and nothing that it must not see. The keys of the Python
 * tool come first, with their meaning; ours stand behind them. Both of its versions are read.
 * Import the types from here freely; the schema itself costs load time.
 */
import * as z from 'zod/mini';
import { isImageReference } from '../image/reference.ts';
import { packageSnapshotSchema } from '../package/snapshot-schema.ts';
import { manifestSchemaName } from './schema-name.ts';

const text = z.string();
const seconds = z.number();
const optionalText = z.optional(text);
const record = z.record(text, z.unknown());

/** It becomes a word of a command line: nothing that an engine could take for an option. */
const imageReference = text.check(z.refine(isImageReference, 'expected an image reference'));

export const builtImageSchema = z.looseObject({
  docker_image: imageReference,
  dockerfile: z._default(text, ''),
  base_docker: z._default(text, ''),
  /** Digest of the base image. */
  docker_sha: z._default(text, ''),
  build_duration: z._default(seconds, 0),
  build_command: z._default(text, ''),
  log_file: z._default(text, ''),
  registry: optionalText,
  registry_image: z.optional(
    text.check(z.refine((name) => name === '' || isImageReference(name), 'expected an image reference')),
  ),
  push_failed: z.optional(z.boolean()),
  push_error: optionalText,
  gpu_vendor: optionalText,
  gpu_architecture: optionalText,
  local_image: z.optional(z.boolean()),
  /** Image id, `sha256:…`. */
  image_id: optionalText,
  /** Digest in the registry, `sha256:…`. */
  registry_digest: optionalText,
});

export const builtModelSchema = z.looseObject({ name: text });

export const manifestSchema = z.looseObject({
  built_images: z.record(text, builtImageSchema),
  built_models: z._default(z.record(text, builtModelSchema), {}),
  context: z._default(record, {}),
  credentials_required: z._default(z.array(text), []),
  registry: optionalText,
  push_failures: z.optional(
    z.array(z.looseObject({ image: text, intended_registry_image: text, error: text })),
  ),
  failed_builds: z.optional(z.array(z.looseObject({ model: text, error: text }))),
  summary: z.optional(record),
  deployment_config: z.optional(record),
  schema: z.optional(z.literal(manifestSchemaName)),
  madengine_version: optionalText,
  created_at: optionalText,
  package: z.optional(packageSnapshotSchema),
});

export type BuildManifest = z.infer<typeof manifestSchema>;
export type BuiltImage = z.infer<typeof builtImageSchema>;
export type BuiltModel = z.infer<typeof builtModelSchema>;
