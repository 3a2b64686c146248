/** The engine interface against the real Docker Engine and real registries. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/foundation/secret.ts';
import { thisMachine } from '../../src/machine/command/this-machine.ts';
import type { BuildSpec, ContainerSpec, Engine } from '../../src/machine/engine/engine.ts';
import { openEngine } from '../../src/machine/engine/open-engine.ts';
import { isTransient } from '../../src/machine/engine/transfer-error.ts';
import { docker, removeImages } from './support/engine.ts';
import { temporaryFolder } from './support/folder.ts';
import { pushedDigest, registryLogin } from './support/registry.ts';

const open = (): Promise<Engine> => openEngine('docker', thisMachine({ env: process.env }));
const label = 'madengine.engine-test';
let count = 0;
const freshName = (): string => `engine-test-${process.pid}-${++count}`;

const container = (more: Partial<ContainerSpec> = {}): ContainerSpec => ({
  name: freshName(),
  image: inject('servers').baseImage,
  labels: { [label]: `${process.pid}` },
  mounts: [],
  env: {},
  workdir: '',
  user: 'root',
  options: ['--network=host'],
  ...more,
});

/** A container that goes with the test. */
async function started(engine: Engine, spec: ContainerSpec): Promise<string> {
  onTestFinished(() => engine.remove(spec.name));
  return engine.create(spec);
}

async function buildSpec(dockerfile: string, more: Partial<BuildSpec> = {}): Promise<BuildSpec> {
  const folder = await temporaryFolder();
  const image = `${freshName()}:1`;
  onTestFinished(() => removeImages(image));
  await mkdir(join(folder, 'context'));
  await writeFile(join(folder, 'x.Dockerfile'), `FROM ${inject('servers').baseImage}\n${dockerfile}`);
  return {
    image,
    dockerfile: join(folder, 'x.Dockerfile'),
    contextDir: join(folder, 'context'),
    namedContexts: {},
    buildArgs: {},
    secretEnv: {},
    secrets: {},
    secretsDir: join(folder, 'secrets'),
    labels: {},
    noCache: false,
    pull: true,
    onOutput: () => {},
    ...more,
  };
}

const sh = (script: string) => ({ argv: ['/bin/sh', '-c', script], env: {}, secretEnv: {} });

test('folders of any name are mounted, environment and secrets arrive whole', async () => {
  const engine = await open();
  const odd = join(await temporaryFolder(), `a b,c:d"e'f=g$h`);
  await mkdir(odd);
  await writeFile(join(odd, 'file'), 'hello ');
  const id = await started(
    engine,
    container({
      mounts: [{ host: odd, container: '/my work,space', readOnly: true }],
      env: { A: 'x\n"y" ' },
      workdir: '/my work,space',
    }),
  );
  const result = await engine.exec(id, {
    ...sh('cat file; printf %s "$A$B$C"; touch new || exit 7'),
    env: { B: `b'"` },
    secretEnv: { C: new Secret('C', ' line 1\nline "2" $x') },
  }).result;
  expect(result.end).toEqual({ kind: 'exited', exitCode: 7 });
  expect(result.stdout).toBe(`hello x\n"y" b'" line 1\nline "2" $x`);
  expect(await docker('inspect', id)).not.toContain('line 1');
});

test('a waiting container ends at once when it is asked politely, and stays when it is killed', async () => {
  const engine = await open();
  const id = await started(engine, container());
  await docker('stop', '--time', '60', id);
  expect(await docker('inspect', '--format', '{{.State.ExitCode}}', id)).toBe('0');
  await docker('start', id);
  const begun = Promise.withResolvers<void>();
  const running = engine.exec(id, { ...sh('echo begun; sleep 60'), onStdout: () => begun.resolve() });
  await begun.promise;
  await engine.kill(id);
  expect((await running.result).end).toMatchObject({ kind: 'exited', exitCode: 137 });
  await engine.kill(id);
  const found = (await engine.list({ [label]: `${process.pid}` })).find((summary) => summary.id === id);
  expect(found?.running).toBe(false);
});

test('output of an exec is streamed to its end', async () => {
  const engine = await open();
  const id = await started(engine, container());
  let bytes = 0;
  const onStdout = (chunk: Buffer) => {
    bytes += chunk.length;
  };
  await engine.exec(id, { ...sh('head -c 20000000 /dev/zero'), onStdout }).result;
  expect(bytes).toBe(20_000_000);
});

test('containers are listed by all labels that are asked for, whatever stands in them', async () => {
  const engine = await open();
  const labels = { [label]: `${process.pid}-labels`, 'madengine.x': `a,b=c "d" 'e'` };
  const spec = container({ labels });
  const id = await started(engine, spec);
  const expected = [{ id, name: spec.name, running: true, labels: expect.objectContaining(labels) }];
  expect(await engine.list(labels)).toEqual(expected);
  expect(await engine.list({ ...labels, 'madengine.x': '' })).toEqual(expected);
  expect(await engine.list({ ...labels, 'madengine.x': 'a' })).toEqual([]);
});

test('removing twice is no error', async () => {
  const engine = await open();
  const id = await started(engine, container());
  await engine.remove(id);
  await engine.remove(id);
});

test('what stands in the way of a container is said in words, and nothing is left over', async () => {
  const engine = await open();
  const first = container();
  await started(engine, first);
  await expect(engine.create(container({ name: first.name }))).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
    message: expect.stringContaining(`There is a container named ${first.name} already`),
  });
  await expect(engine.create(container({ image: 'no-such-image:1' }))).rejects.toThrow("isn't here");
  await expect(engine.create(container({ options: ['--no-such-option'] }))).rejects.toThrow(
    'refuses an option',
  );
  const mounts = [{ host: '/no/such/folder', container: '/x', readOnly: true }];
  await expect(engine.create(container({ mounts }))).rejects.toThrow("doesn't exist on this machine");
  await expect(engine.create(container({ options: ['--device=/dev/no-such-device'] }))).rejects.toThrow(
    'device',
  );
  const left = await engine.list({ [label]: `${process.pid}` });
  expect(left.map(({ name }) => name)).toEqual([first.name]);
});

test('an image without a shell is no image to run, and a file comes out of it all the same', async () => {
  const engine = await open();
  const spec = await buildSpec('');
  await writeFile(spec.dockerfile, 'FROM scratch\nCOPY file /file\n');
  await writeFile(join(spec.contextDir, 'file'), 'content');
  await engine.build(spec);
  await expect(engine.create(container({ image: spec.image }))).rejects.toThrow('has no /bin/sh');
  const to = join(spec.contextDir, 'out');
  await engine.extractFile(spec.image, '/file', to, { name: freshName(), labels: {} });
  expect(await readFile(to, 'utf8')).toBe('content');
});

test('a build reads secrets from its engine or its environment, and keeps none of them', async () => {
  const engine = await open();
  const { buildSecrets } = await engine.capabilities();
  const spec = await buildSpec(
    `ARG PLAIN\nARG TOKEN\n${buildSecrets ? 'RUN --mount=type=secret,id=github sha256sum < /run/secrets/github > /sum\n' : ''}RUN test "$PLAIN" = "a b" && test -n "$TOKEN"\n`,
    {
      buildArgs: { PLAIN: 'a b', TOKEN: null },
      secretEnv: { TOKEN: new Secret('TOKEN', 'line 1\nline 2') },
      secrets: { github: new Secret('github', 'from the engine') },
      labels: { 'madengine.x': 'v,w' },
    },
  );
  const output: Buffer[] = [];
  const image = await engine.build({ ...spec, onOutput: (chunk) => output.push(chunk) });
  expect(image).toMatchObject({ id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), tags: [spec.image] });
  expect(await engine.inspect(spec.image)).toEqual(image);
  // The base exists only here: with --pull the build would fail.
  expect(Buffer.concat(output).toString()).toContain('no registry is asked');
  expect(await readdir(spec.secretsDir)).toEqual([]);
});

test('a failed build says why, without the secret in it', async () => {
  const engine = await open();
  const spec = await buildSpec('RUN echo hunter22; exit 5\n', {
    secrets: { s: new Secret('s', 'hunter22') },
  });
  await expect(engine.build(spec)).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message: expect.stringMatching(/echo \*{6}; exit 5.*5/),
  });
  await expect(stat(join(spec.secretsDir, 'secret-0'))).rejects.toThrow('ENOENT');
});

test('an aborted build ends', async () => {
  const engine = await open();
  const stop = new AbortController();
  const spec = await buildSpec('RUN echo begun && sleep 300\n', { signal: stop.signal, noCache: true });
  const onOutput = (chunk: Buffer) => {
    if (/begun$/m.test(chunk.toString())) stop.abort();
  };
  await expect(engine.build({ ...spec, onOutput })).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

test('an image goes to a registry with a login of its own folder, and comes back by digest', async () => {
  const engine = await open();
  const { registry, username, password } = await registryLogin();
  const spec = await buildSpec('RUN head -c 100000 /dev/urandom > /random\n');
  await engine.build(spec);
  const name = `${registry}/engine-test/login:${process.pid}`;
  onTestFinished(() => removeImages(name));
  await engine.tag(spec.image, name);
  const refused = await engine.push(name, {}).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'PUSH_FAILED', problem: 'unauthorized' });
  expect(isTransient(refused)).toBe(false);

  const configDir = join(await temporaryFolder(), 'login');
  await expect(
    engine.login(registry, username, new Secret('p', 'wrong'), { configDir }),
  ).rejects.toMatchObject({
    code: 'LOGIN_FAILED',
    problem: 'unauthorized',
  });
  await engine.login(`${registry}/engine-test`, username, new Secret('p', password), { configDir });
  const progress: string[] = [];
  const digest = await engine.push(name, {
    configDir,
    onProgress: (done, total) => progress.push(`${done}/${total}`),
  });
  expect(progress.at(-1)).toMatch(/^(\d+)\/\1$/);
  expect(digest).toBe(await pushedDigest(registry, 'engine-test/login', `${process.pid}`));

  await removeImages(name, spec.image);
  const byDigest = `${registry}/engine-test/login@${digest}`;
  onTestFinished(() => removeImages(byDigest));
  const pulled = await engine.pull(byDigest, { configDir });
  expect(pulled.repoDigests).toEqual([byDigest]);
  await expect(engine.pull(`${registry}/engine-test/none:1`, { configDir })).rejects.toMatchObject({
    code: 'PULL_FAILED',
    problem: 'not-found',
  });
});

test('a registry that does not answer is worth another try', async () => {
  const engine = await open();
  const name = `localhost:1/engine-test:${process.pid}`;
  onTestFinished(() => removeImages(name));
  await engine.tag(inject('servers').baseImage, name);
  const failure = await engine.push(name, {}).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'PUSH_FAILED', problem: 'network' });
  expect(isTransient(failure)).toBe(true);
});

test('removing an image that is not here is no error', async () => {
  const engine = await open();
  await engine.removeImage('engine-test-no-such-image:1');
  expect(await engine.inspect('engine-test-no-such-image:1')).toBeUndefined();
});

test('an engine that does not answer says how to start it', async () => {
  const runner = thisMachine({ env: { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' } });
  const engine = await openEngine('docker', runner);
  const unavailable = { code: 'ENGINE_UNAVAILABLE', hint: expect.stringContaining('systemctl start docker') };
  await expect(engine.capabilities()).rejects.toMatchObject(unavailable);
  await expect(engine.inspect('x')).rejects.toMatchObject(unavailable);
  await expect(engine.create(container())).rejects.toMatchObject(unavailable);
});
