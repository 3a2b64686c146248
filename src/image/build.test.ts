import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { MadError } from '../foundation/error.ts';
import { Scrubber, Secret } from '../foundation/secret.ts';
import type { BuildSpec, ImageInfo } from '../machine/engine/engine.ts';
import { type BuildImageOptions, buildImage } from './build.ts';
import type { ImageBuildPlan } from './build-plan.ts';
import { type FakeEngineOptions, fakeEngine, imageInfo } from './fake-engine.ts';
import { listening, packageWith, testClock } from './fixture.ts';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

function plan(facts: Partial<ImageBuildPlan> = {}): ImageBuildPlan {
  return {
    image: 'ci-x',
    model: 'x',
    dockerfile: 'docker/x.Dockerfile',
    dockerfilePath: '/package/docker/x.Dockerfile',
    contextDir: '/package/the docker',
    base: 'base:1',
    gpuVendor: undefined,
    gpuArchitecture: undefined,
    buildArgs: { A: 'token-value' },
    secretEnv: {},
    secrets: {},
    namedContexts: {},
    noCache: false,
    pull: true,
    warnings: [],
    ...facts,
  };
}

async function built(
  build: (spec: BuildSpec) => Promise<ImageInfo>,
  options: Partial<BuildImageOptions> = {},
  fake: FakeEngineOptions = {},
) {
  const root = packageWith({});
  roots.push(root);
  const { emit, events } = listening();
  const result = await buildImage({
    configDir: '/nowhere',
    plan: plan(),
    engine: fakeEngine({ ...fake, build }),
    emit,
    logFile: join(root, 'logs/x.build.live.log'),
    secretsDir: join(root, 'secrets'),
    labels: {},
    liveOutput: false,
    scrubber: new Scrubber([new Secret('TOKEN', 'token-value')]),
    clock: testClock(),
    signal: new AbortController().signal,
    ...options,
  });
  return { result, events, log: readFileSync(result.logFile, 'utf8'), root };
}

const say = (spec: BuildSpec, ...texts: string[]): void => {
  for (const text of texts) spec.onOutput(Buffer.from(text));
};

test('a build leaves image, base digest, command, and a log without secrets', async () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const { result, log } = await built(
    async (spec) => {
      say(spec, 'Step 1/1 : FROM base:1\nhere is token', '-value\n');
      return imageInfo({ id: 'sha256:built' });
    },
    {},
    { images: { 'base:1': { repoDigests: ['other@sha256:b', `docker.io/library/base@${digest}`] } } },
  );
  expect(result).toMatchObject({
    image: 'ci-x',
    model: 'x',
    dockerfile: 'docker/x.Dockerfile',
    base: 'base:1',
    baseDigest: digest,
    imageId: 'sha256:built',
    status: 'SUCCESS',
    command: "docker build --tag=ci-x '--build-arg=A=******' '/package/the docker'",
  });
  expect(log).toBe('Step 1/1 : FROM base:1\nhere is ******\n');
});

test('a secret is masked in the log that BuildKit shows in lines, each behind its step', async () => {
  const lines =
    Buffer.from('token-value')
      .toString('base64')
      .match(/.{1,5}/g) ?? [];
  const { result, log } = await built(async (spec) => {
    for (const line of lines) say(spec, `#5 0.16`, `1 ${line}\n`);
    say(spec, '#5 ERROR: x\n#5 0.2 next\n');
    throw new MadError('BUILD_FAILED', 'no');
  });
  const mask = '#5 0.161 ******';
  expect(log.startsWith(`${mask}\n${mask}\n${mask}U\n#5 0.161 =\n`)).toBe(true);
  expect(log).toContain('#5 0.2 next\n');
  expect(result.status).toBe('FAILURE');
});

test('a secret is masked in the log whose lines the old builder colours', async () => {
  const colours = '\u001b[0m\u001b[91m';
  const { log } = await built(async (spec) => {
    say(spec, '\u001b[91mtok\n', '\u001b[0m\u001b', '[91men-va\n', `${colours}lue\n\u001b[0mRemoving\n`);
    return imageInfo({});
  });
  expect(log).toBe(`\u001b[91m******\n${colours}******\n${colours}******\n\u001b[0mRemoving\n`);
});

test('the log grows while the build runs', async () => {
  let during = '';
  const root = packageWith({});
  roots.push(root);
  const logFile = join(root, 'x.log');
  await built(
    async (spec) => {
      say(spec, `${'line\n'.repeat(1000)}`);
      during = readFileSync(logFile, 'utf8');
      return imageInfo({});
    },
    { logFile },
  );
  expect(during.length).toBeGreaterThan(4000);
});

test('events tell start, steps and end; output only when it is wanted live', async () => {
  const build = async (spec: BuildSpec): Promise<ImageInfo> => {
    say(spec, '#1 [1/2] FROM a\n#2 [2/2] RUN b\n');
    return imageInfo({});
  };
  const quiet = await built(build);
  expect(quiet.events.map(({ type }) => type)).toEqual([
    'build.started',
    'build.step',
    'build.step',
    'build.ended',
  ]);
  const live = await built(build, { liveOutput: true });
  expect(live.events.map(({ type }) => type)).toContain('build.output');
});

test('a failed build is a result that names the step and what it said', async () => {
  const { result, events, log } = await built(async (spec) => {
    say(spec, 'Step 2/2 : RUN x token-value\n', 'no token-value here\n');
    say(spec, "The command 'x' returned a non-zero code: 3\n");
    throw new MadError('BUILD_FAILED', 'The build of ci-x failed (exit code 3).');
  });
  expect(result).toMatchObject({
    status: 'FAILURE',
    imageId: '',
    failure: {
      class: 'build',
      stage: 'Step 2/2 : RUN x ******',
      message: 'The build of ci-x failed (exit code 3).',
      evidence: 'no ****** here',
    },
  });
  expect(events.at(-1)).toMatchObject({
    type: 'build.ended',
    status: 'FAILURE',
    failure: { class: 'build' },
  });
  expect(log).toContain('non-zero code: 3\n\nThe build of ci-x failed');
});

test.each([
  [new MadError('ENGINE_UNAVAILABLE', 'Docker does not answer'), 'engine'],
  [new MadError('BUILD_FAILED', 'write /x: no space left on device'), 'disk_full'],
])('%s is a failure of the class %s', async (error, expected) => {
  const { result } = await built(async () => {
    throw error;
  });
  expect(result.failure?.class).toBe(expected);
});

test('a build that was stopped is interrupted', async () => {
  const controller = new AbortController();
  const { result } = await built(
    async (spec) => {
      controller.abort('SIGINT');
      expect(spec.signal?.aborted).toBe(true);
      throw new MadError('INTERRUPTED', 'The build was interrupted.');
    },
    { signal: controller.signal },
  );
  expect(result.failure?.class).toBe('interrupted');
});

test('each build has a folder for secrets of its own, and it is gone at the end', async () => {
  let folder = '';
  const { root } = await built(async (spec) => {
    folder = spec.secretsDir;
    expect(existsSync(folder)).toBe(true);
    return imageInfo({});
  });
  expect(folder.startsWith(join(root, 'secrets/'))).toBe(true);
  expect(readdirSync(join(root, 'secrets'))).toEqual([]);
});

test('warnings of the plan are said before the build', async () => {
  const warnings = [{ code: 'SECRET_IN_IMAGE_HISTORY', message: 'm', hint: 'h' }];
  const { events } = await built(async () => imageInfo({}), { plan: plan({ warnings }) });
  expect(events[0]).toEqual({ type: 'notice', level: 'warning', ...warnings[0] });
});
