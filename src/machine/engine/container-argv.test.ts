import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { Secret } from '../../foundation/secret.ts';
import {
  type BuildWords,
  buildArgv,
  createArgv,
  execArgv,
  labelFilters,
  mountValue,
  waitingProgram,
} from './container-argv.ts';
import type { ContainerSpec } from './engine.ts';

const container: ContainerSpec = {
  name: 'run-1',
  image: 'ci-dummy:1',
  labels: { 'madengine.run': '7' },
  mounts: [{ host: '/data', container: '/myworkspace', readOnly: true }],
  env: { A: '1 2' },
  workdir: '/myworkspace',
  user: 'root',
  options: ['--network=host', '-v', '/a:/b'],
};

const build: BuildWords = {
  image: 'ci-dummy',
  dockerfile: '/mad/docker/dummy.Dockerfile',
  contextDir: '/mad/docker',
  namedContexts: { tools: '/mad/docker/common' },
  buildArgs: { BASE: 'ubuntu', TOKEN: null },
  secretEnv: { TOKEN: new Secret('TOKEN', 'very secret') },
  secrets: { github: new Secret('github', 'very secret') },
  secretsDir: '/run/secrets-1',
  labels: { a: 'b' },
  noCache: true,
  pull: true,
};

/** Reads one line of CSV as Go's encoding/csv does. */
function readCsv(line: string): string[] {
  const fields: string[] = [];
  const pattern = /("(?:[^"]|"")*"|[^",]*)(,|$)/gsy;
  for (let last = ','; last === ','; ) {
    const match = pattern.exec(line);
    if (!match) throw new Error(`no CSV: ${line}`);
    const [, field = '', end = ''] = match;
    fields.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    last = end;
  }
  return fields;
}

test('a container waits in a shell, and no option of a card changes its name, labels or entry point', () => {
  expect(createArgv(['docker'], container)).toEqual([
    'docker',
    'run',
    '--detach',
    '--pull=never',
    '--mount=type=bind,source=/data,target=/myworkspace,readonly',
    '--env=A=1 2',
    '--workdir=/myworkspace',
    '--user=0',
    '--network=host',
    '-v',
    '/a:/b',
    '--name=run-1',
    '--label=madengine.run=7',
    '--entrypoint=/bin/sh',
    'ci-dummy:1',
    '-c',
    waitingProgram,
  ]);
});

test('paths of any characters arrive in a mount whole', () => {
  const path = fc
    .string({ unit: fc.constantFrom('a', ' ', ',', ':', '"', "'", '=', '\n', 'ä', '\\'), maxLength: 20 })
    .map((text) => `/${text}`);
  fc.assert(
    fc.property(path, path, fc.boolean(), (host, inside, readOnly) => {
      const fields = readCsv(mountValue({ host, container: inside, readOnly }));
      const expected = ['type=bind', `source=${host}`, `target=${inside}`, ...(readOnly ? ['readonly'] : [])];
      expect(fields).toEqual(expected);
    }),
  );
});

test('secrets of an exec are named and never shown', () => {
  const argv = execArgv(['docker'], 'abc', {
    argv: ['sh', '-c', 'x'],
    env: { A: 'b' },
    secretEnv: { TOKEN: new Secret('TOKEN', 'very secret') },
    user: '1000:1000',
    workdir: '/w',
  });
  expect(argv).toEqual([
    ...['docker', 'exec', '--user=1000:1000', '--workdir=/w', '--env=A=b', '--env=TOKEN', 'abc'],
    ...['sh', '-c', 'x'],
  ]);
});

test.each(['PATH', 'HOME', 'DOCKER_HOST', 'LD_PRELOAD', 'CONTAINER_HOST'])(
  'a secret named %s would steer the client and is refused',
  (name) => {
    const spec = { argv: ['true'], env: {}, secretEnv: { [name]: new Secret(name, 'value') } };
    expect(() => execArgv(['docker'], 'abc', spec)).toThrow(name);
  },
);

test.each(['', '--privileged', '-v', 'a\nb'])('%j is no image name', (image) => {
  expect(() => createArgv(['docker'], { ...container, image })).toThrow('name of the image');
});

test.each(['', 'A=B', 'A B', 'A\nB'])('%j is no variable name', (name) => {
  expect(() => createArgv(['docker'], { ...container, env: { [name]: 'x' } })).toThrow('name of a variable');
});

test('a build passes secrets by file and by name', () => {
  expect(
    buildArgv(['docker', 'build'], build, { buildSecrets: true, namedContexts: true }, '--pull'),
  ).toEqual([
    'docker',
    'build',
    '--network=host',
    '--pull',
    '--no-cache',
    '--tag=ci-dummy',
    '--file=/mad/docker/dummy.Dockerfile',
    '--label=a=b',
    '--build-arg=BASE=ubuntu',
    '--build-arg=TOKEN',
    '--secret=id=github,src=/run/secrets-1/secret-0',
    '--build-context=tools=/mad/docker/common',
    '--iidfile=/run/secrets-1/image-id',
    '/mad/docker',
  ]);
});

test('what a builder does not know is left out', () => {
  const argv = buildArgv(
    ['docker', 'build'],
    build,
    { buildSecrets: false, namedContexts: false },
    undefined,
  );
  expect(argv.join(' ')).not.toMatch(/--secret|--build-context|--pull/);
});

test('an empty label value stands for any value', () => {
  expect(labelFilters({ a: '', b: 'c,d=e' })).toEqual(['label=a', 'label=b=c,d=e']);
});

const shells = ['dash', 'bash', 'busybox'].flatMap((name) => {
  const path = ['/bin', '/usr/bin'].map((folder) => `${folder}/${name}`).find((each) => existsSync(each));
  return path === undefined ? [] : [[name, name === 'busybox' ? [path, 'sh'] : [path]] as const];
});

test.each(shells)(
  'in %s, a container waits with nothing but the shell, uses no time, and ends when it is asked to',
  async (_, [shell = '', ...words]) => {
    const waiting = spawn(shell, [...words, '-c', waitingProgram], { env: { PATH: '/nowhere' } });
    const ended = once(waiting, 'exit');
    const child = await vi.waitFor(async () => {
      const text = await readFile(`/proc/${waiting.pid}/task/${waiting.pid}/children`, 'utf8');
      const stat = await readFile(`/proc/${text.trim()}/stat`, 'utf8');
      expect(stat).toContain(') T ');
      return text.trim();
    });
    waiting.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    // The machine's first process may take its time to collect it.
    await vi.waitFor(async () => {
      expect(await readFile(`/proc/${child}/stat`, 'utf8').catch(() => '')).not.toContain(') T ');
    });
  },
);
