import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseMarks } from './marks.ts';
import { modelStages } from './model-stages.ts';
import { renderProgram } from './program.ts';
import type { Stage, StageName } from './stage.ts';

// Many real shells on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "stage program's-"));
  await Promise.all([
    mkdir(join(folder, 'work/model dir'), { recursive: true }),
    mkdir(join(folder, 'control')),
  ]);
});
afterEach(() => rm(folder, { recursive: true }));

const stage = (name: StageName, script: string, more: Partial<Stage> = {}): Stage => ({
  name,
  title: name,
  cwd: 'model dir',
  prefix: '',
  words: ['sh', '-c', script].map((text) => [{ text }]),
  always: false,
  ...more,
});

async function write(stages: readonly Stage[]): Promise<string> {
  const control = join(folder, 'control');
  const file = join(control, 'stages.sh');
  await writeFile(file, renderProgram({ stages, workspace: join(folder, 'work'), control }));
  return file;
}

const output = () => readFile(join(folder, 'control/output.log'), 'utf8');
const marks = async () => parseMarks(await readFile(join(folder, 'control/stages.tsv'), 'utf8'));
/** Stages in short: name and exit code of each that ended, and the program's. */
const ends = async () =>
  (await marks()).flatMap((mark) =>
    mark.kind === 'start' ? [] : [`${'name' in mark ? mark.name : 'over'} ${mark.exitCode}`],
  );

async function until<T>(read: () => Promise<T>, done: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read().catch(() => undefined);
    if (value !== undefined && done(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code)));

const shells: [string, string[]][] = [
  ['sh', ['sh']],
  ['dash', ['dash']],
  ['busybox ash', ['busybox', 'ash']],
  ['bash', ['bash', '--posix']],
];
const installed = ([, [program = '']]: [string, string[]]) =>
  spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined;

describe.each(shells.filter(installed))('run by %s', (_, shell) => {
  const run = async (stages: readonly Stage[], env: Record<string, string> = {}) => {
    const [program = '', ...rest] = shell;
    const child = spawn(program, [...rest, await write(stages)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ...env },
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        printed += data;
      });
    const exitCode = await exitOf(child);
    return { exitCode, printed };
  };

  test('stages run in order, and all that they print is in the output file, which only its owner can read', async () => {
    const { exitCode, printed } = await run([
      stage('pre_script', 'echo one; pwd; echo two >&2'),
      stage('run', 'cat; echo three'),
    ]);
    expect({ exitCode, printed }).toEqual({ exitCode: 0, printed: '' });
    expect(await output()).toBe(`one\n${join(folder, 'work/model dir')}\ntwo\nthree\n`);
    expect((await stat(join(folder, 'control/output.log'))).mode & 0o777).toBe(0o600);
    expect(await ends()).toEqual(['pre_script 0', 'run 0', 'over 0']);
  });

  test('marks say where in the output each stage begins and ends', async () => {
    await run([stage('pre_script', 'printf 12345'), stage('run', 'printf 678')]);
    expect((await marks()).map(({ offset }) => offset)).toEqual([0, 5, 5, 8, 8]);
  });

  test('the first failure is the end of it, but for stages that run always', async () => {
    const { exitCode } = await run([
      stage('pre_script', 'exit 3'),
      stage('run', 'echo no'),
      stage('give_back', 'echo yes; exit 4', { always: true }),
    ]);
    expect(exitCode).toBe(3);
    expect(await output()).toBe('yes\n');
    expect(await ends()).toEqual(['pre_script 3', 'give_back 4', 'over 3']);
  });

  test('a stage killed by a signal has the code that shells give it', async () => {
    const { exitCode } = await run([stage('run', 'kill -KILL $$')]);
    expect(exitCode).toBe(137);
    expect(await ends()).toEqual(['run 137', 'over 137']);
  });

  test("a user's shell text stands before the command as it is", async () => {
    await run(
      [
        stage('run', '', {
          prefix: `echo "it's $X" && `,
          words: ['echo', 'b  c', "d'"].map((text) => [{ text }]),
        }),
      ],
      { X: 'here' },
    );
    expect(await output()).toBe("it's here\nb  c d'\n");
  });

  test('a mistake in that text fails its stage, and is in the output', async () => {
    const { exitCode } = await run([
      stage('run', 'echo no', { prefix: 'if true; then (' }),
      stage('give_back', 'echo yes', { always: true }),
    ]);
    expect(exitCode).toBe(2);
    expect(await output()).toMatch(/[Ss]yntax error.*yes\n$/s);
  });

  test('a missing folder or command fails its stage with a message', async () => {
    expect((await run([stage('run', 'echo no', { cwd: 'missing' })])).exitCode).toBe(126);
    expect(await output()).toContain('missing');
    expect((await run([stage('run', '', { words: [[{ text: 'no-such-command' }]] })])).exitCode).toBe(127);
    expect(await output()).toContain('no-such-command');
  });

  test('variables of the environment reach the words, split or whole', async () => {
    const words = [
      [{ text: 'printf' }],
      [{ text: '<%s>' }],
      [{ text: 'a' }, { variable: 'X' }],
      [{ variable: 'X', split: true as const }],
      [{ variable: 'NONE', split: true as const }],
    ];
    await run([stage('run', '', { words })], { X: 'one two' });
    expect(await output()).toBe('<aone two><one><two>');
  });

  test('nothing of the program itself is in the environment of a stage', async () => {
    await run([stage('run', 'env')]);
    expect(await output()).not.toContain('madengine_');
  });

  const withEnv = spawnSync('env', ['--default-signal=INT', 'true']).status === 0;
  test.skipIf(!withEnv)(
    'interrupts are not ignored in a model, as they are in background processes',
    async () => {
      await run([stage('run', 'grep SigIgn /proc/self/status; kill -INT $$')]);
      const ignored = Number.parseInt((await output()).split('\t')[1] ?? 'ff', 16);
      // Bits of INT and QUIT.
      expect(ignored & 0b110).toBe(0);
      expect(await ends()).toEqual(['run 130', 'over 130']);
    },
  );

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)(
    '%s to the program alone ends the running stage with all its processes, then the rest is done',
    async (signal, code) => {
      const [program = '', ...rest] = shell;
      const file = await write([
        // The grandchild would go on for a minute if only the child were ended.
        stage('run', '(trap "echo ended; exit" TERM; echo ready; while :; do sleep 0.02; done); echo after'),
        stage('post_script', 'echo no'),
        stage('give_back', 'echo given back', { always: true }),
      ]);
      const child = spawn(program, [...rest, file], { stdio: 'ignore' });
      await until(output, (text) => text.includes('ready'));
      child.kill(signal);
      expect(await exitOf(child)).toBe(code);
      await until(output, (text) => text.includes('ended'));
      // The model's own shell may say that its `sleep` was terminated.
      const lines = (await output()).split('\n').filter((line) => line !== 'Terminated');
      expect(lines.sort()).toEqual(['', 'ended', 'given back', 'ready']);
      expect((await ends()).slice(1)).toEqual(['give_back 0', `over ${code}`]);
    },
  );

  test('SIGTERM to its whole process group does the same', async () => {
    const [program = '', ...rest] = shell;
    const file = await write([
      stage('run', 'echo ready; sleep 60'),
      stage('give_back', 'echo given back', { always: true }),
    ]);
    const child = spawn(program, [...rest, file], { stdio: 'ignore', detached: true });
    await until(output, (text) => text.includes('ready'));
    process.kill(-(child.pid as number), 'SIGTERM');
    expect(await exitOf(child)).toBe(143);
    expect(await ends()).toEqual(['run 143', 'give_back 0', 'over 143']);
  });
});

test('a title can say anything without becoming part of the program', async () => {
  const file = await write([stage('run', 'echo fine', { title: 'x\nexit 9\n;; esac' })]);
  execFileSync('sh', [file]);
  expect(await output()).toBe('fine\n');
});

test.each(['plain', 'everything'])('the program of a model: %s', async (name) => {
  const stages = modelStages({
    card: {
      name: 'dummy',
      args: name === 'plain' ? '' : `--bs 32 --name "it's $MAD_MODEL_NAME" $EXTRA '*'`,
    } as never,
    scriptFile: name === 'plain' ? 'run.sh' : 'train.py',
    modelDir: 'run_directory',
    interpreter: name === 'plain' ? ['bash'] : ['python3'],
    context: {
      values:
        name === 'plain'
          ? {}
          : {
              encapsulate_script: 'rocprof --stats ',
              pre_scripts: [{ path: 'scripts/common/pre_scripts/pre_test.sh', args: '"a b"' }],
              post_scripts: [{ path: 'scripts/common/post_scripts/post_test.sh' }],
            },
      origins: {},
    },
    skipModelRun: false,
    ...(name === 'plain'
      ? {}
      : {
          capture: { mode: 'lite', secretNames: ['MAD_SECRETS_TOKEN'] },
          giveBackTo: { uid: 1000, gid: 1000 },
        }),
  });
  const program = renderProgram({ stages, workspace: '/myworkspace', control: '/madengine' });
  await expect(program).toMatchFileSnapshot(join(import.meta.dirname, `../../test/golden/stage/${name}.sh`));
});

test('a stage that is there to be run by hand is run by its number alone', async () => {
  const file = await write([
    stage('pre_script', 'echo before'),
    stage('run', 'echo model', { byHand: true }),
  ]);
  spawnSync('sh', [file]);
  expect(await output()).toBe('before\n');
  expect(await ends()).toEqual(['pre_script 0', 'over 0']);
  expect(spawnSync('sh', [file, '1']).stdout.toString()).toBe('model\n');
});
