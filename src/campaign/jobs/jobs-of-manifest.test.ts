import { expect, test } from 'vitest';
import type { BuildManifest } from '../../manifest/manifest-schema.ts';
import { jobsOf } from './jobs-of-manifest.ts';

const image = {
  docker_image: 'ci-dummy',
  dockerfile: 'docker/dummy.ubuntu.Dockerfile',
  base_docker: '',
  docker_sha: '',
  build_duration: 0,
  build_command: '',
  log_file: '',
};
const card = (name: string, args: string) => ({
  name,
  args,
  dockerfile: 'docker/dummy',
  scripts: 'scripts/run.sh',
  tags: ['small'],
});
const manifest = {
  built_images: { one: image, two: image, other: image },
  built_models: { one: card('dummy', '--bs 1'), two: card('dummy', '--bs 2'), other: card('other', '') },
  context: {},
} as unknown as BuildManifest;
const labels = (...tags: string[]): string[] =>
  jobsOf(manifest, 'm.json', tags).map((job) => `${job.card.name} ${job.card.args}`.trim());

test('a tag chooses each of the jobs of a model that were built with arguments of their own', () => {
  expect(labels()).toEqual(['dummy --bs 1', 'dummy --bs 2', 'other']);
  expect(labels('dummy')).toEqual(['dummy --bs 1', 'dummy --bs 2']);
  expect(labels('other', 'dummy')).toEqual(['other', 'dummy --bs 1', 'dummy --bs 2']);
});

test('arguments of a tag come behind those that a job was built with', () => {
  expect(labels('small:q=5')).toEqual(['dummy --bs 1 --q 5', 'dummy --bs 2 --q 5', 'other --q 5']);
  expect(labels('other:q=5|6')).toEqual(['other --q 5', 'other --q 6']);
});

test('a tag that the manifest does not have is answered with what it has', () => {
  expect(() => labels('nosuch')).toThrowError(
    expect.objectContaining({ code: 'MODEL_NOT_FOUND', hint: 'The manifest has dummy, other.' }),
  );
});
