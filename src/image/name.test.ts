import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildLogName, containerName, imageName, runLogName } from './name.ts';
import { parseImageReference, printImageReference } from './reference.ts';

test.each([
  ['dummy', 'docker/dummy.ubuntu.amd.Dockerfile', 'ci-dummy_dummy.ubuntu.amd'],
  ['scope/Model', 'scripts/scope/x.Ubuntu.AMD.Dockerfile', 'ci-scope_model_x.ubuntu.amd'],
  ['dummy', 'docker/Dockerfile', 'ci-dummy_dockerfile'],
  ['a__b-c', 'docker/d.e', 'ci-a__b-c_d.e'],
])('the image of %s from %s is %s', (name, dockerfile, image) => {
  expect(imageName({ name }, dockerfile)).toBe(image);
});

test('names that can be no image give way to characters that can, and stay apart', () => {
  const blank = imageName({ name: 'my model' }, 'docker/x.Dockerfile');
  const dash = imageName({ name: 'my-model' }, 'docker/x.Dockerfile');
  expect(blank).toMatch(/^ci-my-model_x-[0-9a-f]{8}$/);
  expect(dash).toBe('ci-my-model_x');
});

test('whatever a model is called, its image is a valid reference, as a repository and as a tag', () => {
  const names = fc.oneof(
    fc
      .array(fc.integer({ min: 0, max: 0x2fff }), { maxLength: 20 })
      .map((codes) => String.fromCharCode(...codes)),
    fc.string({ minLength: 120, maxLength: 140 }),
    fc.string({ unit: fc.constantFrom(...'._-/Az1'), maxLength: 20 }),
  );
  fc.assert(
    fc.property(names, names, (name, file) => {
      const image = imageName({ name }, `docker/${file}`);
      expect(printImageReference(parseImageReference(image))).toBe(image);
      expect(parseImageReference(image).path).toBe(image);
      expect(parseImageReference(`r:${image}`).tag).toBe(image);
    }),
  );
});

test('logs are named for model and Dockerfile', () => {
  expect(buildLogName({ name: 'scope/Model' }, 'docker/x.ubuntu.amd.Dockerfile')).toBe(
    'scope_Model_x.ubuntu.amd.build.live.log',
  );
  const dockerfile = 'docker/dummy.ubuntu.amd.Dockerfile';
  expect(runLogName({ name: 'dummy' }, dockerfile, 'ci-dummy_dummy.ubuntu.amd')).toBe(
    'dummy_dummy.ubuntu.amd.run.live.log',
  );
  expect(runLogName({ name: 'dummy' }, '', 'somebody/image:1')).toBe('dummy.run.live.log');
});

test('runs of images for several architectures have a log each', () => {
  const card = { name: 'scope/Model' };
  const dockerfile = 'docker/X.ubuntu.amd.Dockerfile';
  const logs = ['gfx90a', 'gfx942'].map((arch) =>
    runLogName(card, dockerfile, imageName(card, dockerfile, arch)),
  );
  expect(logs).toEqual([
    'scope_Model_X.ubuntu.amd_gfx90a.run.live.log',
    'scope_Model_X.ubuntu.amd_gfx942.run.live.log',
  ]);
});

test('a log is always one file of a length that file systems take', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (name) => {
      const log = buildLogName({ name: `x${name}` }, 'docker/y.Dockerfile');
      expect(log).not.toMatch(/[/\p{Cc}]/u);
      expect(Buffer.byteLength(log)).toBeLessThanOrEqual(255);
    }),
  );
});

test('a container is named for its image', () => {
  expect(containerName('ci-dummy_dummy.ubuntu.amd')).toBe('container_ci-dummy_dummy.ubuntu.amd');
  expect(containerName('localhost:5000/a/b:1@sha256:ff')).toBe('container_localhost_5000_a_b_1_sha256_ff');
});
