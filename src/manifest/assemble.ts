import { basename } from 'node:path';
import type { Context } from '../context/context.ts';
import type { ImageBuildResult } from '../image/build.ts';
import type { PushResult } from '../image/push.ts';
import type { ModelCard } from '../package/card.ts';
import { cardToManifest } from '../package/manifest-card.ts';
import type { PackageSnapshot } from '../package/snapshot-schema.ts';
import type { BuildManifest, BuiltImage, BuiltModel } from './manifest-schema.ts';

/** One image that was built, with all models (and arguments) that run in it. */
export interface BuiltEntry {
  build: ImageBuildResult;
  push: PushResult | undefined;
  cards: readonly ModelCard[];
  gpuVendor: string | undefined;
  gpuArchitecture: string | undefined;
  /** Where it was to go, as typed; undefined when it stays here. */
  registry: string | undefined;
}

/** One image that was not built, for one model. */
export interface GivenImage {
  key: string;
  image: BuiltImage;
  card: ModelCard;
}

export interface FailedBuild {
  model: string;
  image?: string;
  /** The card as the manifest would have held it. */
  card?: Record<string, unknown>;
  dockerfile?: string;
  /** One of `--target-archs`. */
  architecture?: string;
  error: string;
  /** Not the build's own fault: a signal ended it, or came before it. */
  interrupted?: true;
  log_file?: string;
}

export interface AssembleOptions {
  entries: readonly BuiltEntry[];
  given: readonly GivenImage[];
  failed: readonly FailedBuild[];
  context: Context;
  registry: string | undefined;
  package: PackageSnapshot;
  version: string;
  createdAt: Date;
}

/**
 * The manifest of a build. An image's key is its name; where several sets of arguments run in one image, the second and
 * later ones have `#2`, `#3`, … behind it.
 */
export function assembleManifest(options: AssembleOptions): BuildManifest {
  const images: Record<string, BuiltImage> = {};
  const models: Record<string, BuiltModel> = {};
  const add = (wanted: string, image: BuiltImage, card: ModelCard): void => {
    let key = wanted;
    for (let count = 2; Object.hasOwn(images, key); count++) key = `${wanted}#${count}`;
    images[key] = image;
    models[key] = { ...cardToManifest(card), name: card.name };
  };
  for (const entry of options.entries) {
    for (const card of entry.cards) add(entry.build.image, imageEntry(entry), card);
  }
  for (const { key, image, card } of options.given) add(key, image, card);
  const failures = options.entries.flatMap(({ build, push }) =>
    push?.failure
      ? [{ image: build.image, intended_registry_image: push.registryImage, error: push.failure.message }]
      : [],
  );
  const cards = [
    ...options.entries.flatMap((entry) => entry.cards),
    ...options.given.map(({ card }) => card),
  ];
  const credentials = new Set(cards.map((card) => card.cred));
  return {
    built_images: images,
    built_models: models,
    context: { ...options.context.values },
    credentials_required: [...credentials].filter((name) => name !== '').sort(),
    ...(options.registry === undefined ? {} : { registry: options.registry }),
    ...(failures.length === 0 ? {} : { push_failures: failures }),
    ...(options.failed.length === 0
      ? {}
      : { failed_builds: options.failed.map(({ card: _, ...build }) => build) }),
    madengine_version: options.version,
    created_at: options.createdAt.toISOString(),
    package: options.package,
  };
}

function imageEntry(entry: BuiltEntry): BuiltImage {
  const { build, push, registry } = entry;
  return {
    docker_image: build.image,
    dockerfile: build.dockerfile,
    base_docker: build.base,
    docker_sha: build.baseDigest,
    build_duration: Math.round(build.durationS * 1000) / 1000,
    build_command: build.command,
    log_file: basename(build.logFile),
    ...(registry === undefined ? {} : { registry }),
    ...(push && !push.failure ? { registry_image: push.registryImage } : {}),
    ...(push?.failure ? { push_failed: true, push_error: push.failure.message } : {}),
    ...(entry.gpuVendor ? { gpu_vendor: entry.gpuVendor } : {}),
    ...(entry.gpuArchitecture ? { gpu_architecture: entry.gpuArchitecture } : {}),
    ...(build.imageId ? { image_id: build.imageId } : {}),
    ...(push?.digest ? { registry_digest: push.digest } : {}),
  };
}

/** The reference's summary keys, for `build --summary-output`. */
export function buildSummary(manifest: BuildManifest, totalS: number): Record<string, unknown> {
  const successful = Object.entries(manifest.built_images).map(([key, image]) => ({
    model: manifest.built_models[key]?.name ?? key,
    dockerfile: image.dockerfile,
    build_info: image,
  }));
  return {
    successful_builds: successful,
    failed_builds: manifest.failed_builds ?? [],
    total_build_time: Math.round(totalS * 1000) / 1000,
  };
}
