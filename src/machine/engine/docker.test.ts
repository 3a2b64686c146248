/** The outputs are those of Docker Engine 20.10 with clients 20.10 and 28.2, cut to what is read. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../foundation/secret.ts';
import { type FakeAnswer, fakeRunner } from '../command/fake-runner.ts';
import { dockerEngine } from './docker.ts';
import type { BuildSpec } from './engine.ts';

const info = (client: object, more: object = {}): FakeAnswer => ({
  when: 'docker info',
  stdout: JSON.stringify({
    ServerVersion: '20.10.24',
    DockerRootDir: '/var/lib/docker',
    SecurityOptions: ['name=seccomp,profile=default'],
    ClientInfo: { Context: 'default', Plugins: [], ...client },
    ...more,
  }),
});
/** With an engine that understands all of the plugin. */
const newInfo = (): FakeAnswer => info(buildx, { ServerVersion: '28.2.2' });
const endpoint = (host = 'unix:///var/run/docker.sock'): FakeAnswer => ({
  when: 'docker context inspect',
  stdout: `${host}\n`,
});
const version = (path: string, text: string): FakeAnswer => ({
  when: [path, '--version'],
  stdout: `Docker version ${text}, build 297e128\n`,
});
const two = { docker: ['/usr/local/bin/docker', '/usr/bin/docker'] };
const one = { docker: '/usr/bin/docker' };
const buildx = { Version: '28.2.2', Plugins: [{ Name: 'buildx', Version: 'v0.24.0' }] };

const capabilities = (answers: FakeAnswer[], programs: Record<string, string | string[]> = one) =>
  dockerEngine(fakeRunner(answers, programs)).capabilities();

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'madengine-docker-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('a client with buildx builds with everything', async () => {
  expect(await capabilities([newInfo(), endpoint()])).toEqual({
    kind: 'docker',
    version: '28.2.2',
    client: '/usr/bin/docker',
    buildClient: '/usr/bin/docker',
    buildKit: true,
    buildSecrets: true,
    namedContexts: true,
    rootless: false,
    sharesFiles: true,
    storage: '/var/lib/docker',
    lost: [],
  });
});

test('an engine before 23 refuses named contexts, whatever the plugin can do', async () => {
  expect(await capabilities([info(buildx), endpoint()])).toMatchObject({
    buildKit: true,
    buildSecrets: true,
    namedContexts: false,
  });
});

test('an older client behind a newer one without buildx builds with its own BuildKit', async () => {
  const answers = [info({ Version: '28.2.2' }), endpoint(), version('/usr/bin/docker', '20.10.24+dfsg1')];
  expect(await capabilities(answers, two)).toMatchObject({
    client: '/usr/local/bin/docker',
    buildClient: '/usr/bin/docker',
    buildKit: true,
    namedContexts: false,
    lost: [expect.stringContaining('Named build contexts')],
  });
});

test('a client that does not tell its version is old enough to have BuildKit', async () => {
  expect(await capabilities([info({}), endpoint()])).toMatchObject({ buildKit: true, namedContexts: false });
});

test('without buildx and an older client the old builder is left, and that is said', async () => {
  const answers = [info({ Version: '28.2.2' }), endpoint(), version('/usr/bin/docker', '27.0.1')];
  expect(await capabilities(answers, two)).toMatchObject({
    buildClient: '/usr/local/bin/docker',
    buildKit: false,
    buildSecrets: false,
    lost: [expect.stringContaining('BuildKit')],
  });
});

test.each([
  ['unix:///run/user/1000/docker.sock', true],
  ['tcp://10.0.0.1:2376', false],
  ['ssh://user@node', false],
])('whether an engine at %s shares files: %s', async (host, sharesFiles) => {
  expect(await capabilities([info({}), endpoint(host)])).toMatchObject({ sharesFiles });
});

test('the engine is asked once, and again after it was down', async () => {
  const down = {
    when: 'docker info',
    exitCode: 1,
    stderr: 'Cannot connect to the Docker daemon at x.',
    times: 1,
  };
  const runner = fakeRunner([down, info({}), endpoint()], one);
  const engine = dockerEngine(runner);
  await expect(engine.capabilities()).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  await engine.capabilities();
  await engine.capabilities();
  expect(runner.lines.filter((line) => line.startsWith('docker info'))).toHaveLength(2);
});

test('an old client says that no daemon answers, with exit code 0', async () => {
  const answer = {
    when: 'docker info',
    stdout:
      '{"ServerErrors":["Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"]}',
  };
  await expect(capabilities([answer, endpoint()])).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    hint: expect.stringContaining('systemctl start docker'),
  });
});

test('a user who may not use the socket is told of the group', async () => {
  const stderr =
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: dial unix: connect: permission denied';
  await expect(
    capabilities([{ when: 'docker info', exitCode: 1, stderr }, endpoint()]),
  ).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    hint: expect.stringContaining('usermod -aG docker'),
  });
});

test('podman under the name of docker is not taken for docker', async () => {
  const answer = { when: 'docker info', stdout: '{"host":{},"version":{"Version":"4.9.4"}}' };
  await expect(capabilities([answer, endpoint()])).rejects.toMatchObject({
    hint: expect.stringContaining('--engine podman'),
  });
});

test('a machine without docker is told what to do', async () => {
  await expect(capabilities([], {})).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    message: expect.stringContaining("isn't installed"),
    hint: expect.stringContaining('--engine podman'),
  });
});

test('labels are read one by one, and a container that went away meanwhile is no error', async () => {
  const runner = fakeRunner([
    { when: 'docker ps', stdout: 'aa\nbb\n' },
    {
      when: 'docker container inspect',
      stdout: '{"id":"aa","name":"/run-1","running":true,"labels":{"a":"b,c=d"}}\n',
      stderr: 'Error: No such container: bb',
      exitCode: 1,
    },
  ]);
  expect(await dockerEngine(runner).list({ a: '' })).toEqual([
    { id: 'aa', name: 'run-1', running: true, labels: { a: 'b,c=d' } },
  ]);
});

test('no containers cost one call', async () => {
  const runner = fakeRunner([{ when: 'docker ps', stdout: '' }]);
  expect(await dockerEngine(runner).list({ a: 'b' })).toEqual([]);
  expect(runner.lines).toEqual(['docker ps --all --quiet --no-trunc --filter=label=a=b']);
});

test('a push returns the digest of the registry and tells its progress', async () => {
  const digest = `sha256:${'0a'.repeat(32)}`;
  const stdout = `The push refers to repository [r/x]\naaaaaaaaaaaa: Preparing\naaaaaaaaaaaa: Pushed\n1: digest: ${digest} size: 528\n`;
  const progress: string[] = [];
  const engine = dockerEngine(fakeRunner([{ when: 'docker push r/x:1', stdout }]));
  const onProgress = (done: number, total: number) => progress.push(`${done}/${total}`);
  expect(await engine.push('r/x:1', { onProgress })).toBe(digest);
  expect(progress.at(-1)).toBe('1/1');
});

test('a container that could not be started is removed again', async () => {
  const id = 'ab'.repeat(32);
  const runner = fakeRunner([
    {
      when: 'docker run',
      stdout: `${id}\n`,
      stderr:
        'docker: Error response from daemon: OCI runtime create failed: exec: "/bin/sh": stat /bin/sh: no such file or directory',
      exitCode: 127,
    },
    { when: 'docker rm' },
  ]);
  const spec = { name: 'n', image: 'i', labels: {}, mounts: [], env: {}, workdir: '', user: '', options: [] };
  await expect(dockerEngine(runner).create(spec)).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
    message: expect.stringContaining('has no /bin/sh'),
    // The next container of that image would have none either.
    passes: false,
  });
  expect(runner.lines.at(-1)).toBe(`docker rm --force --volumes ${id}`);
});

test("somebody else's container of the same name is left alone", async () => {
  const runner = fakeRunner([
    {
      when: 'docker run',
      exitCode: 125,
      stderr: 'Conflict. The container name "/n" is already in use by container "cd".',
    },
  ]);
  const spec = {
    name: 'n',
    image: 'i',
    labels: { a: 'b' },
    mounts: [],
    env: {},
    workdir: '',
    user: '',
    options: [],
  };
  await expect(dockerEngine(runner).create(spec)).rejects.toMatchObject({
    message: expect.stringContaining('There is a container named n already'),
    passes: true,
  });
  expect(runner.commands).toHaveLength(1);
});

test('killing and removing what is gone are no errors', async () => {
  const gone = { stderr: 'Error response from daemon: No such container: x', exitCode: 1 };
  const engine = dockerEngine(
    fakeRunner([
      { when: 'docker kill', ...gone },
      { when: 'docker rm', ...gone },
    ]),
  );
  await engine.kill('x');
  await engine.remove('x');
});

test('a login stays in its folder and the password out of the command line', async () => {
  const folder = await temporaryFolder();
  const runner = fakeRunner([info({}), endpoint(), { when: 'docker --config' }], one);
  const access = { configDir: join(folder, 'login') };
  await dockerEngine(runner).login('https://r.example/team', 'bot', new Secret('r', 'pa$$word'), access);
  const login = runner.commands.at(-1);
  expect(login?.argv).toEqual([
    ...['docker', '--config', access.configDir, 'login', '--username=bot', '--password-stdin', 'r.example'],
  ]);
  expect(login?.stdin).toBe('pa$$word');
  // An entry of its own keeps the client from the user's keyring.
  expect(await readFile(join(access.configDir, 'config.json'), 'utf8')).toContain('auths');
});

test('a login at a registry that does not answer ends with the signal', async () => {
  const folder = await temporaryFolder();
  const hanging = { when: 'docker --config', delayMs: Number.POSITIVE_INFINITY };
  const stop = new AbortController();
  const access = { configDir: join(folder, 'login'), signal: stop.signal };
  const engine = dockerEngine(fakeRunner([info({}), endpoint(), hanging], one));
  const login = engine.login('r.example', 'bot', new Secret('r', 'password'), access);
  stop.abort('SIGTERM');
  await expect(login).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

test('a docker context of the user is kept when another folder holds the login', async () => {
  const folder = await temporaryFolder();
  const runner = fakeRunner(
    [
      info({ Context: 'rootless' }),
      endpoint('unix:///run/user/1/docker.sock'),
      { when: 'docker --config', stdout: `digest: sha256:${'0'.repeat(64)}` },
    ],
    one,
  );
  await dockerEngine(runner).push('r/x', { configDir: folder });
  expect(runner.lines.at(-1)).toBe(
    `docker --config ${folder} --host unix:///run/user/1/docker.sock push r/x`,
  );
});

async function buildSpec(dockerfile: string, more: Partial<BuildSpec> = {}): Promise<BuildSpec> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'Dockerfile'), dockerfile);
  return {
    image: 'ci-x',
    dockerfile: join(folder, 'Dockerfile'),
    contextDir: folder,
    namedContexts: {},
    buildArgs: {},
    secretEnv: {},
    secrets: {},
    secretsDir: join(folder, 'secrets'),
    labels: {},
    noCache: false,
    pull: false,
    onOutput: () => {},
    ...more,
  };
}

const inspected = (more: object = {}) => JSON.stringify([{ Id: 'sha256:ab', RepoDigests: [], ...more }]);
const isBuild = (argv: readonly string[]): boolean => argv.includes('build');

test('engine secrets are files for the time of the build only', async () => {
  const spec = await buildSpec('FROM x', {
    secrets: { github: new Secret('github', 'token-1') },
    buildArgs: { TOKEN: null, OPEN: 'x' },
    secretEnv: { TOKEN: new Secret('TOKEN', 'token-2') },
  });
  const seen: unknown[] = [];
  const runner = fakeRunner(
    [
      newInfo(),
      endpoint(),
      {
        when: isBuild,
        async act() {
          const file = join(spec.secretsDir, 'secret-0');
          seen.push(await readFile(file, 'utf8'), (await stat(file)).mode & 0o777);
          await writeFile(join(spec.secretsDir, 'image-id'), 'sha256:ab');
          return undefined;
        },
      },
      { when: 'docker image inspect sha256:ab', stdout: inspected() },
    ],
    one,
  );
  expect(await dockerEngine(runner).build(spec)).toMatchObject({ id: 'sha256:ab' });
  expect(seen).toEqual(['token-1', 0o600]);
  await expect(stat(join(spec.secretsDir, 'secret-0'))).rejects.toThrow('ENOENT');
  const command = runner.commands.find(({ argv }) => isBuild(argv));
  expect(command?.argv.slice(0, 6)).toEqual([
    ...['/usr/bin/docker', 'buildx', 'build', '--builder=default', '--load', '--progress=plain'],
  ]);
  expect(command?.secretEnv?.TOKEN?.reveal()).toBe('token-2');
  expect(JSON.stringify(command?.argv)).not.toMatch(/token-/);
});

test.each([
  ['a base that exists only here', [], false],
  ['a base that came from a registry', ['base@sha256:00'], true],
])('the registry is asked for a newer base: %s', async (_case, repoDigests, asked) => {
  const spec = await buildSpec('FROM base:1', { pull: true });
  const runner = fakeRunner(
    [
      info({}),
      endpoint(),
      { when: 'docker image inspect base:1', stdout: inspected({ RepoDigests: repoDigests }) },
      { when: isBuild, exitCode: 1 },
    ],
    one,
  );
  await expect(dockerEngine(runner).build(spec)).rejects.toMatchObject({ code: 'BUILD_FAILED' });
  expect(runner.commands.find(({ argv }) => isBuild(argv))?.argv.includes('--pull')).toBe(asked);
});

test('a failed build says the reason, without secrets', async () => {
  const spec = await buildSpec('FROM x', { secrets: { s: new Secret('s', 'hunter22') } });
  const stderr =
    '#5 0.1 text\n------\nexecutor failed running [/bin/sh -c echo hunter22; exit 5]: exit code: 5\n';
  const engine = dockerEngine(
    fakeRunner([info({}), endpoint(), { when: isBuild, stderr, exitCode: 1 }], one),
  );
  await expect(engine.build(spec)).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message: expect.stringContaining('executor failed running [/bin/sh -c echo ******; exit 5]'),
  });
});

test('a Dockerfile that needs more than the builder can is refused before it is built', async () => {
  const spec = await buildSpec('FROM x\nRUN --mount=type=secret,id=a true');
  const runner = fakeRunner([info({ Version: '28.2.2' }), endpoint()], one);
  await expect(dockerEngine(runner).build(spec)).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    hint: expect.stringContaining('buildx'),
  });
  const named = await buildSpec('FROM x\nCOPY --from=tools a b', { namedContexts: { tools: '/x' } });
  await expect(dockerEngine(runner).build(named)).rejects.toThrow('named build context tools');
});

test('the old builder is told to leave no container of a failed step', async () => {
  const runner = fakeRunner([info({ Version: '28.2.2' }), endpoint(), { when: isBuild, exitCode: 1 }], one);
  await expect(dockerEngine(runner).build(await buildSpec('FROM x'))).rejects.toThrow('The build of ci-x');
  expect(runner.commands.at(-1)).toMatchObject({
    argv: expect.arrayContaining(['--force-rm']),
    env: { DOCKER_BUILDKIT: '0' },
  });
});

test('an interrupted build is no failed one', async () => {
  const stop = new AbortController();
  const spec = await buildSpec('FROM x', { signal: stop.signal });
  const runner = fakeRunner(
    [
      info({}),
      endpoint(),
      {
        when: isBuild,
        delayMs: Number.POSITIVE_INFINITY,
        act() {
          stop.abort();
          return undefined;
        },
      },
    ],
    one,
  );
  await expect(dockerEngine(runner).build(spec)).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

test('the plan of a build shows the client and its switch, and no secret', async () => {
  const runner = fakeRunner(
    [info({ Version: '28.2.2' }), endpoint(), version('/usr/bin/docker', '20.10.24')],
    two,
  );
  const engine = dockerEngine(runner);
  const spec = await buildSpec('', {
    secrets: { s: new Secret('s', 'hunter22') },
    secretsDir: '/secrets',
    pull: true,
  });
  const argv = engine.describe.build(
    { ...spec, contextDir: '/c', dockerfile: '/c/D' },
    await engine.capabilities(),
  );
  expect(argv.join(' ')).toBe(
    'env DOCKER_BUILDKIT=1 /usr/bin/docker build --progress=plain --network=host --pull --tag=ci-x --file=/c/D --secret=id=s,src=/secrets/secret-0 --iidfile=/secrets/image-id /c',
  );
});
