import { appendFile, mkdir, mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../foundation/clock.ts';
import { type Emit, type EventBody, silent } from '../foundation/event.ts';
import { Scrubber } from '../foundation/secret.ts';
import { fakeEngine } from '../image/fake-engine.ts';
import type { CommandEnd, RunningCommand } from '../machine/command/command.ts';
import type { ContainerSpec, Engine } from '../machine/engine/engine.ts';
import { controlFiles } from '../stage/stage.ts';
import { type ExecuteOptions, executeProgram } from './execute-program.ts';

let runFolder = '';
let control = '';
beforeEach(async () => {
  runFolder = await mkdtemp(join(tmpdir(), 'execute-program-'));
  control = join(runFolder, 'control');
  await mkdir(control);
});
afterEach(() => rm(runFolder, { recursive: true, force: true }));

interface Said {
  events: EventBody[];
  unkillable: string[];
  created: ContainerSpec[];
  removed: string[];
}

/** Runs a program of no stages in an engine whose `exec` ends as told, after `during`. */
async function execute(
  ending: CommandEnd,
  changes: {
    engine?: Partial<Engine>;
    options?: Partial<ExecuteOptions>;
    during?(): Promise<void>;
    stderr?: string;
    timeoutS?: number;
  } = {},
) {
  const said: Said = { events: [], unkillable: [], created: [], removed: [] };
  const exec = (_: string, { argv }: { argv: readonly string[] }): RunningCommand => {
    const result = async () => {
      await changes.during?.();
      return { argv, end: ending, stdout: '', stderr: changes.stderr ?? '', durationS: 0 };
    };
    return { pid: undefined, result: result(), kill() {} };
  };
  const engine: Engine = {
    ...fakeEngine(),
    create: async (spec) => spec.name + said.created.push(spec),
    exec,
    remove: async (id) => void said.removed.push(id),
    ...changes.engine,
  };
  const emit: Emit = Object.assign((body: EventBody) => void said.events.push(body), {
    within: () => silent,
  });
  const container = {
    name: 'c',
    image: '',
    labels: {},
    mounts: [],
    env: {},
    workdir: '',
    user: 'root',
    options: [],
  };
  const program = { workspace: '/w', control, stages: [] };
  const launch = { env: {}, files: {} };
  const plan = {
    timeoutS: changes.timeoutS ?? null,
    program,
    launch,
    container,
    exec: { argv: ['sh'], env: {}, secretEnv: {} },
  };
  const run = executeProgram({
    onOver: () => {},
    plan: { ...plan, job: { card: { name: 'model' } } } as unknown as ExecuteOptions['plan'],
    image: 'image',
    engine,
    runFolder,
    errors: { patterns: [], benign: [] } as unknown as ExecuteOptions['errors'],
    scrubber: new Scrubber([]),
    liveOutput: false,
    keepAlive: false,
    giveBackTo: undefined,
    intend: async () => {},
    onUnkillable: (words) => said.unkillable.push(words),
    emit,
    clock: systemClock,
    signal: new AbortController().signal,
    ...changes.options,
  });
  return { run, said };
}

const over = () => appendFile(join(control, controlFiles.marks), 'over\t1.0\t0\t0\n');
const ok: CommandEnd = { kind: 'exited', exitCode: 0 };

test('a program that says how it ended is believed, and its container is removed', async () => {
  const { run, said } = await execute({ kind: 'exited', exitCode: 7 }, { during: over });
  const { end, isGone } = await run;
  expect([end, await isGone]).toEqual([ok, true]);
  expect(said).toMatchObject({ removed: ['c1'], unkillable: [], events: [] });
});

test('a program that succeeded is over when it says so, and a client that hangs behind it is ended', async () => {
  const killed: string[] = [];
  const client = Promise.withResolvers<never>();
  const exec = (): RunningCommand => {
    void over();
    const kill = (signal: string) => {
      killed.push(signal);
      client.reject(new Error('ended'));
    };
    return { pid: undefined, result: client.promise, kill };
  };
  const clock = {
    ...systemClock,
    sleep: (ms: number, end?: AbortSignal) => systemClock.sleep(ms / 100, end),
  };
  const { run, said } = await execute(ok, { engine: { exec }, options: { clock } });
  const { end, outOfMemory, isGone } = await run;
  expect([end, outOfMemory, said.removed]).toEqual([ok, false, ['c1']]);
  expect([await isGone, killed]).toEqual([true, ['SIGKILL']]);
});

test('a program that failed waits for its client, which lasts until the engine can tell why', async () => {
  const asked: string[] = [];
  const failed = () => appendFile(join(control, controlFiles.marks), 'over\t1.0\t0\t137\n');
  const { run, said } = await execute(
    { kind: 'exited', exitCode: 137 },
    {
      during: async () => {
        await failed();
        await systemClock.sleep(100);
        expect(said.removed).toEqual([]);
      },
      engine: {
        outOfMemory: async (container) => {
          asked.push(container);
          return true;
        },
      },
    },
  );
  expect(await run).toMatchObject({ end: { kind: 'exited', exitCode: 137 }, outOfMemory: true });
  expect([asked, said.removed]).toEqual([['c1'], ['c1']]);
});

test.each([
  [{ kind: 'signalled', signal: 'SIGKILL' }, /client that ran the program was ended by SIGKILL/],
  [{ kind: 'exited', exitCode: 137 }, /container ended before its program did \(exit code 137\)/],
  [{ kind: 'exited', exitCode: 0 }, /its marks are gone/],
] as [CommandEnd, RegExp][])('an end without a mark, %o, is no success', async (ending, message) => {
  const { run } = await execute(ending);
  expect((await run).end).toEqual({ kind: 'lost', message: expect.stringMatching(message) });
});

test('a program that another process started has what is left of its limit, which is told as a whole', async () => {
  const slept: number[] = [];
  const clock = {
    ...systemClock,
    sleep: (ms: number, end?: AbortSignal) => {
      slept.push(ms);
      return systemClock.sleep(ms / 100, end);
    },
  };
  const list: Engine['list'] = async () => [{ id: 'c', name: 'c', running: true, labels: {} }];
  const { run, said } = await execute(ok, {
    engine: { list, exec: () => expect.fail('it was started again') },
    timeoutS: 100,
    options: { clock, adopted: { run: 'r', startedAt: new Date(Date.now() - 3_600_000), isOver: false } },
  });
  expect((await run).end).toEqual({ kind: 'timed-out', limitS: 100 });
  // Time to read what lies there, once all of the limit has gone by.
  expect(slept).toContain(5000);
  expect(said).toMatchObject({ removed: ['c'], created: [] });
  // Days may have gone by since it ended.
  await over();
  const ended = await execute(ok, {
    engine: { list: async () => [] },
    timeoutS: 100,
    options: { adopted: { run: 'r', startedAt: new Date(0), isOver: true } },
  });
  expect((await ended.run).end).toEqual(ok);
});

test('a container that cannot be removed is told, once', async () => {
  const remove = (): Promise<void> => Promise.reject(new Error('the engine is gone'));
  const { run, said } = await execute(ok, { during: over, engine: { remove } });
  expect(await (await run).isGone).toBe(false);
  expect(said.unkillable).toEqual(['container c could not be ended: the engine is gone']);
});

test('it is told as well when the run fails for another reason', async () => {
  const remove = (): Promise<void> => Promise.reject(new Error('the engine is gone'));
  const exec = (): RunningCommand => ({
    pid: undefined,
    result: Promise.reject(new Error('no client')),
    kill() {},
  });
  const { run, said } = await execute(ok, { engine: { remove, exec } });
  await expect(run).rejects.toThrow('no client');
  expect(said.unkillable).toHaveLength(1);
});

test('files are given back after an end without the last stage, and it is told when that fails', async () => {
  const giveBackTo = { uid: 1000, gid: 1000 };
  const { run, said } = await execute({ kind: 'exited', exitCode: 127 }, { options: { giveBackTo } });
  await run;
  expect(said.created.map(({ name }) => name)).toEqual(['c', 'c_give_back']);
  expect(said.removed).toEqual(['c1', 'c_give_back2']);
  expect(said.events).toMatchObject([{ type: 'notice', code: 'NOT_GIVEN_BACK' }]);
});

test('whatever ends a run, nobody follows its output any more', async () => {
  const openFiles = async (): Promise<string[]> => {
    const links = (await readdir('/proc/self/fd')).map((fd) =>
      readlink(`/proc/self/fd/${fd}`).catch(() => ''),
    );
    return (await Promise.all(links)).filter((path) => path.startsWith(control));
  };
  const exec = (): RunningCommand => ({
    pid: undefined,
    result: Promise.reject(new Error('no client')),
    kill() {},
  });
  await expect((await execute(ok, { engine: { exec } })).run).rejects.toThrow('no client');
  const refused = await execute(ok, {
    engine: {
      exec: () => {
        throw new Error('no such run');
      },
    },
  });
  await expect(refused.run).rejects.toThrow('no such run');
  expect(await openFiles()).toEqual([]);
});

test('an engine that hangs while it makes the container holds up nobody who wants to end', async () => {
  const made = Promise.withResolvers<string>();
  const clock = { ...systemClock, sleep: () => Promise.resolve() };
  const signal = AbortSignal.abort('SIGTERM');
  const { run, said } = await execute(ok, {
    engine: { create: () => made.promise },
    options: { clock, signal },
  });
  await expect(run).rejects.toThrow('still making container c 10 s after');
  expect(said.unkillable).toHaveLength(1);
  made.resolve('late');
  await expect.poll(() => said.removed).toEqual(['late']);
});

test('a container that cannot have its program is removed, also where it was to be kept', async () => {
  await rm(control, { recursive: true });
  const { run, said } = await execute(ok, { options: { keepAlive: true } });
  await expect(run).rejects.toThrow('ENOENT');
  expect(said.removed).toEqual(['c1']);
});

test('files of a container that is kept behind its limit are given back, too', async () => {
  const hanging = Promise.withResolvers<void>();
  const { run, said } = await execute(ok, {
    during: () => hanging.promise,
    engine: { kill: async () => hanging.resolve() },
    timeoutS: 0.01,
    options: { keepAlive: true, giveBackTo: { uid: 5, gid: 5 } },
  });
  expect((await run).end.kind).toBe('timed-out');
  expect(said.created.map(({ name }) => name)).toEqual(['c', 'c_give_back']);
});

test('a user of the container who may not read the program is told where that user comes from', async () => {
  const stderr = "/bin/sh: can't open '/madengine/stages.sh': Permission denied\n";
  const { run } = await execute({ kind: 'exited', exitCode: 2 }, { stderr });
  expect((await run).end).toMatchObject({
    message: expect.stringContaining('--user out of additional_docker_run_options'),
  });
});
