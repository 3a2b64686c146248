/**
 * The short way for manifests without a fault, as builds write them: no schema is loaded. Whatever this can't vouch for
 * goes through the schema, which alone makes messages; a test holds both to the same answers.
 */
import { isImageReference } from '../image/reference.ts';
import type { BuildManifest, BuiltImage } from './manifest-schema.ts';
import { manifestSchemaName } from './schema-name.ts';

type Entry = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;
type Checks = Readonly<Record<string, Check>>;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isNumber: Check = (value) => Number.isFinite(value);
const isReference: Check = (value) => typeof value === 'string' && isImageReference(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const isEntry = (value: unknown): value is Entry =>
  // An own `__proto__` would be taken for a prototype by whoever copies the entry.
  typeof value === 'object' && value !== null && !Array.isArray(value) && !Object.hasOwn(value, '__proto__');
const isRecord =
  (check: Check): Check =>
  (value) =>
    isEntry(value) && Object.values(value).every(check);
const isList =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

/** What stands in `needed` and, if it is there, what stands in `known`; further keys where `loose`. */
function holds(needed: Checks, known: Checks, loose: boolean): Check {
  const least = Object.entries(needed);
  const checks = new Map([...least, ...Object.entries(known)]);
  return (value) =>
    isEntry(value) &&
    least.every(([key, check]) => check(value[key])) &&
    Object.entries(value).every(([key, one]) => checks.get(key)?.(one) ?? loose);
}

const isImage = holds(
  { docker_image: isReference },
  {
    dockerfile: isText,
    base_docker: isText,
    docker_sha: isText,
    build_duration: isNumber,
    build_command: isText,
    log_file: isText,
    registry: isText,
    registry_image: (value) => value === '' || isReference(value),
    push_failed: isFlag,
    push_error: isText,
    gpu_vendor: isText,
    gpu_architecture: isText,
    local_image: isFlag,
    image_id: isText,
    registry_digest: isText,
  },
  true,
);
const isModel = holds({ name: isText }, {}, true);
const isFile = holds({ path: isText, mode: isText, bytes: isNumber, sha256: isText }, {}, false);
const isSnapshot = holds(
  { digest: isText, commit: orNull(isText), dirty: orNull(isFlag), files: isList(isFile) },
  { archive: holds({ file: isText, sha256: isText }, {}, false), image: isText },
  false,
);
const isAnything = isRecord(() => true);

const isManifest = holds(
  {
    built_images: isRecord(isImage),
    built_models: isRecord(isModel),
    context: isAnything,
    credentials_required: isList(isText),
  },
  {
    registry: isText,
    push_failures: isList(holds({ image: isText, intended_registry_image: isText, error: isText }, {}, true)),
    failed_builds: isList(holds({ model: isText, error: isText }, {}, true)),
    summary: isAnything,
    deployment_config: isAnything,
    schema: (value) => value === manifestSchemaName,
    madengine_version: isText,
    created_at: isText,
    package: isSnapshot,
  },
  true,
);

const imageDefaults = {
  dockerfile: '',
  base_docker: '',
  docker_sha: '',
  build_duration: 0,
  build_command: '',
  log_file: '',
};

/** undefined for everything that has a fault or is only unusual. */
export function plainManifest(data: unknown): BuildManifest | undefined {
  if (!isManifest(data)) return undefined;
  // Every key that the type names was looked at.
  const manifest = data as BuildManifest;
  const images = Object.entries(manifest.built_images).map(([key, image]): [string, BuiltImage] => [
    key,
    { ...imageDefaults, ...image },
  ]);
  return { ...manifest, built_images: Object.fromEntries(images) };
}
