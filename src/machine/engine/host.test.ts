import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Secret } from '../../foundation/secret.ts';
import { thisMachine } from '../command/this-machine.ts';
import type { ContainerSpec } from './engine.ts';
import { openEngine } from './open-engine.ts';

const open = () => openEngine('host', thisMachine({ env: process.env }));
const container: ContainerSpec = {
  name: 'run-1',
  image: 'none',
  labels: {},
  mounts: [],
  env: { A: 'container' },
  workdir: '/tmp',
  user: 'root',
  options: ['--network=host'],
};

test('programs run on the machine with the environment of both specifications', async () => {
  const engine = await open();
  const id = await engine.create(container);
  const { result } = engine.exec(id, {
    argv: ['/bin/sh', '-c', 'pwd; echo $A $B $C'],
    env: { B: 'exec' },
    secretEnv: { C: new Secret('C', 'secret') },
  });
  expect((await result).stdout).toBe('/tmp\ncontainer exec secret\n');
});

test('removing ends what runs, with its children', async () => {
  const engine = await open();
  const id = await engine.create(container);
  let child = 0;
  const running = engine.exec(id, {
    argv: ['/bin/sh', '-c', 'sleep 60 & echo $!; wait'],
    env: {},
    secretEnv: {},
    onStdout: (chunk) => {
      child = Number(chunk.toString());
    },
  });
  while (child === 0) await delay(10);
  await engine.remove(id);
  expect((await running.result).end).toEqual({ kind: 'signalled', signal: 'SIGKILL' });
  expect(await engine.list({})).toEqual([]);
  await engine.create(container);
});

test('removing ends what left the session and lost its parent, and nothing of another run', async () => {
  const engine = await open();
  const found: number[] = [];
  const start = async (name: string) => {
    const id = await engine.create({ ...container, name });
    let told = '';
    engine.exec(id, {
      argv: ['/bin/sh', '-c', "setsid sh -c 'sleep 60 & echo $!; wait' & wait"],
      env: {},
      secretEnv: {},
      onStdout: (chunk) => {
        told += chunk.toString();
      },
    });
    while (!told.endsWith('\n')) await delay(10);
    found.push(Number(told));
    return id;
  };
  const [first, second] = [await start('run-a'), await start('run-b')];
  const isThere = (pid: number | undefined) => {
    // An ended process that nobody collected has no command line.
    return readFile(`/proc/${pid}/cmdline`, 'utf8').then(
      (line) => line !== '',
      () => false,
    );
  };
  await engine.remove(first);
  expect([await isThere(found[0]), await isThere(found[1])]).toEqual([false, true]);
  await engine.remove(second);
  expect(await isThere(found[1])).toBe(false);
});

test('a name is taken once', async () => {
  const engine = await open();
  await engine.create(container);
  await expect(engine.create(container)).rejects.toThrow('run-1');
});

test('what needs an engine says so', async () => {
  const engine = await open();
  await expect(engine.pull('x', {})).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
    message: expect.stringContaining('needs a container engine'),
  });
  expect((await engine.capabilities()).version).toMatch(/^\d/);
});
