import { rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../foundation/clock.ts';
import { EventStream, type MadEvent } from '../../foundation/event.ts';
import { Scrubber } from '../../foundation/secret.ts';
import { fakeEngine } from '../../image/fake-engine.ts';
import { card, contextOf, credentialsOf, packageWith } from '../../image/fixture.ts';
import { fakeRunner } from '../../machine/command/fake-runner.ts';
import type { BuildOptions, Surroundings } from '../options.ts';
import { type BuildInputs, type BuildPlan, planBuilds } from './plan-builds.ts';
import type { WantedModel } from './wanted-model.ts';

const files = {
  'scripts/dummy/run.sh': '',
  'docker/dummy.ubuntu.amd.Dockerfile': 'FROM base\nARG MAD_SYSTEM_GPU_ARCHITECTURE\n',
  'docker/dummy.ubuntu.nvidia.Dockerfile': 'FROM base\nENV GPU_ARCHS=gfx90a\n',
};

const options: BuildOptions = {
  tags: [],
  batchManifest: undefined,
  targetArchs: [],
  useImage: undefined,
  registry: undefined,
  additionalContext: undefined,
  additionalContextFile: undefined,
  cleanDockerCache: false,
  manifestOutput: 'm.json',
  summaryOutput: undefined,
  dataConfig: undefined,
  forceMirrorLocal: undefined,
  liveOutput: false,
  output: 'perf.csv',
  package: 'none',
  jobs: 1,
  engine: 'docker',
  sysEnvDetails: true,
  plugin: [],
  packagePlugins: [],
  dryRun: false,
};

const wanted = (more: Partial<WantedModel> = {}): WantedModel => ({
  card: card(),
  build: true,
  registry: undefined,
  ...more,
});

interface Wish extends Partial<Omit<BuildInputs, 'options' | 'context'>> {
  options?: Partial<BuildOptions>;
  context?: Record<string, unknown>;
}

async function planned(
  models: readonly WantedModel[],
  wish: Wish = {},
): Promise<BuildPlan & { codes: string[] }> {
  const cwd = packageWith(files);
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  const events = new EventStream(systemClock);
  const heard: MadEvent[] = [];
  events.listen((event) => void heard.push(event));
  const around: Surroundings = {
    runner: fakeRunner([]),
    clock: systemClock,
    events,
    env: {},
    argv: [],
    cwd,
    signal: new AbortController().signal,
    cacheDir: cwd,
    version: '0',
  };
  const { options: more, context = {}, ...rest } = wish;
  const inputs: BuildInputs = {
    options: { ...options, ...more },
    access: { credentials: credentialsOf({}), envSecrets: [], scrubber: new Scrubber([]) },
    wanted: models,
    context: contextOf(context),
    engine: fakeEngine(),
    ...rest,
  };
  const plan = await planBuilds(inputs, around);
  return { ...plan, codes: heard.flatMap((event) => (event.type === 'notice' ? [event.code] : [])) };
}

test('each Dockerfile is built once for each architecture that it takes', async () => {
  const { tasks, codes } = await planned([wanted()], { options: { targetArchs: ['gfx90a', 'gfx942'] } });
  expect(tasks.map(({ image, dockerfile }) => [image, dockerfile.gpuArchitecture])).toEqual([
    ['ci-dummy_dummy.ubuntu.amd_gfx90a', 'gfx90a'],
    ['ci-dummy_dummy.ubuntu.nvidia_gfx90a', 'gfx90a'],
    ['ci-dummy_dummy.ubuntu.amd_gfx942', 'gfx942'],
  ]);
  expect(tasks[2]?.plan.buildArgs).toMatchObject({ MAD_SYSTEM_GPU_ARCHITECTURE: 'gfx942' });
  expect(codes).toEqual(['ARCHITECTURE_LEFT_OUT']);
});

test('the architecture of the context wins over --target-archs, and that is said', async () => {
  const context = { docker_build_arg: { MAD_SYSTEM_GPU_ARCHITECTURE: 'gfx908' } };
  const { tasks, codes } = await planned([wanted()], { context, options: { targetArchs: ['gfx942'] } });
  expect(tasks.map(({ image }) => image)).toEqual([
    'ci-dummy_dummy.ubuntu.amd',
    'ci-dummy_dummy.ubuntu.nvidia',
  ]);
  expect(codes).toEqual(['TARGET_ARCHS_IGNORED']);
});

test('a model with no Dockerfile for any of the architectures is a failed build', async () => {
  const only = wanted({ card: card({ dockerfile: 'docker/dummy.ubuntu.nvidia' }) });
  const { tasks, failed } = await planned([only], { options: { targetArchs: ['gfx942'] } });
  expect(tasks).toEqual([]);
  expect(failed).toMatchObject([{ model: 'dummy', error: expect.stringContaining('(for gfx90a)') }]);
});

test('what runs here is built for the GPU here, where a Dockerfile asks', async () => {
  const { tasks } = await planned([wanted()], { architecture: 'gfx1100' });
  expect(tasks.map(({ dockerfile }) => dockerfile.gpuArchitecture)).toEqual(['gfx1100', undefined]);
});

test('a registry_image is taken whole for one image, and gets suffixes for several', async () => {
  const one = wanted({ card: card({ dockerfile: 'docker/dummy.ubuntu.amd' }), registryImage: 'org/x:1' });
  expect((await planned([one])).tasks.map((task) => task.registryImage)).toEqual(['org/x:1']);
  const two = wanted({ registryImage: 'org/x' });
  expect((await planned([two])).tasks.map((task) => task.registryImage)).toEqual([
    'org/x:latest_ubuntu.amd',
    'org/x:latest_ubuntu.nvidia',
  ]);
});

test('two models that would overwrite each other in a registry, or here, are refused', async () => {
  const model = (name: string): WantedModel =>
    wanted({ card: card({ name, dockerfile: 'docker/dummy.ubuntu.amd' }), registryImage: 'org/x:1' });
  await expect(planned([model('one'), model('two')])).rejects.toMatchObject({ code: 'INVALID_FILE' });
  const here = ['a/b', 'a_b'].map((name) => wanted({ card: card({ name }) }));
  await expect(planned(here)).rejects.toMatchObject({ code: 'INVALID_FILE' });
});

test('models that differ in their arguments share an image, and it goes to one place', async () => {
  const cards = ['--a 1', '--a 2'].map((args) => card({ args, dockerfile: 'docker/dummy.ubuntu.amd' }));
  const { tasks } = await planned(cards.map((each) => wanted({ card: each, registry: 'localhost:5000' })));
  expect(tasks.map((task) => [task.registryImage, task.cards.length])).toEqual([
    ['localhost:5000/ci-dummy_dummy.ubuntu.amd', 2],
  ]);
  const apart = cards.map((each, index) => wanted({ card: each, registryImage: `org/x:${index}` }));
  await expect(planned(apart)).rejects.toThrow('to two places');
});

test('an image that is there already is no task; without a name of its own it has the one that a build gives', async () => {
  const there = wanted({ build: false, registry: 'localhost:5000' });
  const { tasks, given } = await planned([there]);
  expect(tasks).toEqual([]);
  expect(given.map(({ image }) => image.registry_image)).toEqual([
    'localhost:5000/ci-dummy_dummy.ubuntu.amd',
    'localhost:5000/ci-dummy_dummy.ubuntu.nvidia',
  ]);
});

test('--use-image wins over the context; auto takes what the first card names', async () => {
  const context = { MAD_CONTAINER_IMAGE: 'of/context:1' };
  const named = (name: string, image: string): WantedModel =>
    wanted({ card: card({ name, extra: { env_vars: { DOCKER_IMAGE_NAME: image, A: '1' } } }) });
  const imagesOf = ({ given }: BuildPlan): unknown[] =>
    given.map(({ key, image }) => [key, image.docker_image]);
  expect(imagesOf(await planned([wanted()], { context }))).toEqual([['local-dummy', 'of/context:1']]);
  expect(imagesOf(await planned([wanted()], { context, options: { useImage: 'mine' } }))).toEqual([
    ['dummy', 'mine'],
  ]);
  const auto = await planned([named('a', 'x/a:1'), named('b', 'x/b:1')], { options: { useImage: 'auto' } });
  expect(imagesOf(auto)).toEqual([
    ['a', 'x/a:1'],
    ['b', 'x/a:1'],
  ]);
  expect(auto.codes).toEqual(['SEVERAL_IMAGES']);
  expect(auto.given[1]?.card.extra).toMatchObject({ env_vars: { DOCKER_IMAGE_NAME: 'x/a:1', A: '1' } });
  await expect(planned([wanted()], { options: { useImage: 'auto' } })).rejects.toThrow('DOCKER_IMAGE_NAME');
});
