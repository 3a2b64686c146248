import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../foundation/clock.ts';
import { EventStream } from '../../foundation/event.ts';
import { fakeRunner } from '../../machine/command/fake-runner.ts';
import { parseManifest } from '../../manifest/read-manifest.ts';
import type { Surroundings } from '../options.ts';
import { withRediscoveredModels } from './rediscovered-models.ts';

let cwd = '';
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'rediscovered-'));
});
afterEach(() => rm(cwd, { recursive: true }));

const card = (name: string) => ({
  name,
  dockerfile: 'docker/x',
  scripts: 'scripts/x',
  n_gpus: '0',
  tags: [],
});
const around = (): Surroundings => ({
  runner: fakeRunner([]),
  clock: systemClock,
  events: new EventStream(systemClock),
  env: {},
  argv: [],
  cwd,
  signal: new AbortController().signal,
  cacheDir: cwd,
  version: '0',
});

test('a manifest with images alone gets the models of the package whose names stand in those of the images', async () => {
  await writeFile(join(cwd, 'models.json'), JSON.stringify([card('bert'), card('Bert_large'), card('gpt')]));
  const images = ['ci-bert_large_x.ubuntu.amd', 'ci-bert_x.ubuntu.amd', 'ci-unknown_x'];
  const manifest = await parseManifest(
    { built_images: Object.fromEntries(images.map((name) => [name, { docker_image: name }])) },
    'old.json',
  );
  const { built_models } = await withRediscoveredModels(manifest, 'old.json', around());
  expect(Object.entries(built_models).map(([image, { name }]) => [image, name])).toEqual([
    ['ci-bert_large_x.ubuntu.amd', 'Bert_large'],
    ['ci-bert_x.ubuntu.amd', 'bert'],
  ]);
});

test('a manifest with models is left as it is, and no package is asked for', async () => {
  const manifest = await parseManifest(
    { built_images: { a: { docker_image: 'a' } }, built_models: { a: { name: 'm' } } },
    'm.json',
  );
  expect(await withRediscoveredModels(manifest, 'm.json', around())).toBe(manifest);
});
