import fc from 'fast-check';
import { expect, test } from 'vitest';
import { manifestSchema } from './manifest-schema.ts';
import { plainManifest } from './plain-manifest.ts';
import { parseManifest } from './read-manifest.ts';

const image = {
  docker_image: 'ci-m_x',
  dockerfile: 'docker/x.Dockerfile',
  base_docker: 'ubuntu:22.04',
  docker_sha: '',
  build_duration: 1.5,
  build_command: 'docker build .',
  log_file: 'm.log',
};
const file = { path: 'models.json', mode: '644', bytes: 2, sha256: 'ab' };
const least = {
  built_images: { 'ci-m_x': image },
  built_models: { 'ci-m_x': { name: 'm' } },
  context: {},
  credentials_required: [],
};
/** Every key that the schema knows, with a value that it takes. */
const full = {
  ...least,
  built_images: {
    'ci-m_x': {
      ...image,
      registry: 'localhost:5000',
      registry_image: 'localhost:5000/r:ci-m_x',
      push_failed: true,
      push_error: 'no',
      gpu_vendor: 'AMD',
      gpu_architecture: 'gfx90a',
      local_image: true,
      image_id: 'sha256:00',
      registry_digest: 'sha256:00',
    },
  },
  registry: 'localhost:5000',
  push_failures: [{ image: 'a', intended_registry_image: 'b', error: 'c' }],
  failed_builds: [{ model: 'm', error: 'e' }],
  summary: {},
  deployment_config: { target: 'local' },
  schema: 'madengine.manifest/1',
  madengine_version: '0',
  created_at: 'now',
  package: {
    digest: 'sha256:00',
    commit: null,
    dirty: false,
    files: [file],
    archive: { file: 'a', sha256: 'b' },
    image: 'localhost:5000/p',
  },
};

type Path = readonly (string | number)[];

/** The paths of everything in a value. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, one]) => pathsIn(one, [...path, key]))];
}

/** A copy with something else at the path, or with nothing there. */
function changed(value: unknown, [key, ...rest]: Path, to: unknown): unknown {
  if (key === undefined) return to;
  const entries = Object.entries(value as object);
  const isThere = entries.some(([name]) => name === key);
  const next = (isThere ? entries : [...entries, [key, undefined] as [string, unknown]])
    .map(([name, one]): [string, unknown] => [name, name === key ? changed(one ?? {}, rest, to) : one])
    .filter(([, one]) => one !== undefined);
  // fromEntries makes an own `__proto__`, as JSON.parse does.
  return Array.isArray(value) ? next.map(([, one]) => one) : Object.fromEntries(next);
}

const paths = pathsIn(full).filter((path) => path.length > 0);
const place = fc.oneof(
  fc.constantFrom(...paths),
  fc
    .tuple(
      fc.constantFrom(...paths),
      fc.constantFrom('mine', '__proto__', 'constructor', 'toString', 'name', '0'),
    )
    .map(([path, key]): Path => [...path.slice(0, -1), key]),
);
const value = fc.oneof(
  fc.constantFrom(undefined, null, '', 'A/B:', 'localhost:5000/a@sha256:00', 0, -1, true, [], {}),
  fc.jsonValue({ maxDepth: 2 }),
);

test('what the short way answers is what the schema answers', () => {
  let short = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(least, full),
      fc.array(fc.tuple(place, value), { maxLength: 2 }),
      (manifest, changes) => {
        const data = changes.reduce<unknown>((now, [path, to]) => {
          try {
            return changed(now, path, to);
          } catch {
            // An earlier change left nothing there.
            return now;
          }
        }, manifest);
        const answer = plainManifest(data);
        if (answer === undefined) return;
        short += 1;
        expect(answer).toEqual(manifestSchema.parse(data));
      },
    ),
    { numRuns: 5000 },
  );
  // Else this would prove nothing.
  expect(short).toBeGreaterThan(1000);
});

test('what a build writes goes the short way, with every key', () => {
  expect(plainManifest(full)).toEqual(full);
  expect(plainManifest(least)).toEqual(least);
});

test('a manifest of another tool goes the long way, and gets the same defaults', async () => {
  const data = { built_images: { a: { docker_image: 'a', registry_image: '' } } };
  expect(plainManifest(data)).toBeUndefined();
  const { built_images, context } = await parseManifest(data, 'm.json');
  expect(built_images.a).toEqual({
    ...image,
    docker_image: 'a',
    dockerfile: '',
    base_docker: '',
    build_duration: 0,
    build_command: '',
    log_file: '',
  });
  expect(context).toEqual({});
});

test('a key of the manifest or of an image that is null is as good as absent', async () => {
  const data = {
    ...least,
    built_images: {
      a: { docker_image: 'a', base_docker: null, registry_image: null, gpu_architecture: null },
    },
    registry: null,
    push_failures: null,
    deployment_config: null,
  };
  const plain = { ...least, built_images: { a: { docker_image: 'a' } } };
  expect(await parseManifest(data, 'm.json')).toEqual(await parseManifest(plain, 'm.json'));
  const unnamed = { ...least, built_images: { a: { docker_image: null } } };
  await expect(parseManifest(unnamed, 'm.json')).rejects.toThrowError(
    'built_images.a.docker_image: expected string, found n',
  );
});
