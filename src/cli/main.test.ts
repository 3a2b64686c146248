import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cacheDir, invoke } from './main.ts';
import type { Program } from './option-spec.ts';
import type { Session } from './session.ts';
import type { Output } from './terminal/output.ts';

let folder: string;
const card = (name: string, more = {}) => ({
  name,
  dockerfile: 'docker/dummy',
  scripts: 'scripts/run.sh',
  n_gpus: '1',
  owner: 'someone@example.com',
  training_precision: '',
  tags: ['small'],
  args: '',
  ...more,
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'madengine-cli-'));
  await writeFile(join(folder, 'models.json'), JSON.stringify([card('dummy'), card('other', { tags: [] })]));
});
afterAll(() => rm(folder, { recursive: true }));

class Sink implements Output {
  text = '';
  isTTY: boolean;
  columns = 80;
  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

async function start(argv: string[], { program = 'madengine-cli' as Program, tty = false, env = {} } = {}) {
  const stdout = new Sink(tty);
  const stderr = new Sink();
  const stop = new AbortController();
  const code = await invoke(
    {
      program,
      version: '1.2.3',
      argv,
      env: { PATH: process.env.PATH, ...env },
      cwd: folder,
      cacheDir: join(folder, 'cache'),
      stdout,
      stderr,
      signal: stop.signal,
    },
    (_: Session) => {},
  );
  return { code, out: stdout.text, err: stderr.text };
}

describe('discover', () => {
  test('lists the names and their number without tags', async () => {
    const { code, out, err } = await start(['discover']);
    expect([code, out, err]).toEqual([0, 'Number of models in total: 2\ndummy\nother\n', '']);
  });

  test('gives the whole cards as JSON into a pipe with tags, and always with --json', async () => {
    const piped = await start(['discover', '--tags', 'small:batch=2']);
    expect(JSON.parse(piped.out)).toEqual([
      expect.objectContaining({ name: 'dummy', args: '--batch 2', n_gpus: '1' }),
    ]);
    const asked = await start(['discover', '--json'], { tty: true });
    expect(JSON.parse(asked.out).map(({ name }: { name: string }) => name)).toEqual(['dummy', 'other']);
  });

  test('tags without a name are none', async () => {
    expect((await start(['discover', '--tags', ' , '])).out).toMatch(/^Number of models in total: 2\n/);
  });

  test('prints a table on a terminal', async () => {
    const { out } = await start(['discover', '--tags', 'all'], { tty: true, env: { NO_COLOR: '1' } });
    expect(out).toMatch(
      /^MODEL {2}TAGS {3}GPUS {2}SCRIPT {10}OWNER\ndummy {2}small {5}1 {2}scripts\/run\.sh/,
    );
    expect(out).toContain('\n\nNumber of models selected: 2\n');
  });

  test('a tag without a model is exit 1 with the tag in its message', async () => {
    const { code, out, err } = await start(['discover', '--tags', 'dumy']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/Error: .*dumy.*\[MODEL_NOT_FOUND\]\n {2}\S/);
  });
});

describe('both programs', () => {
  test.each(['madengine', 'madengine-cli'] as const)('%s tells its version', async (program) => {
    expect(await start(['run', '--version'], { program })).toEqual({
      code: 0,
      out: `${program} 1.2.3\n`,
      err: '',
    });
  });

  test('help goes to standard output with exit 0, a usage error to standard error with exit 4', async () => {
    expect((await start(['--help'])).out).toContain('Usage: madengine-cli');
    const { code, out, err } = await start(['run', '--tgas', 'x']);
    expect([code, out]).toEqual([4, '']);
    expect(err).toMatch(
      /^Error: Unknown option --tgas for madengine-cli run\. \[INVALID_ARGUMENT\]\n {2}Did you mean --tags\?/,
    );
  });

  test('neither tags nor manifest is exit 4, and in JSON an event besides', async () => {
    const { code, out, err } = await start(['run', '--json']);
    expect(code).toBe(4);
    expect(JSON.parse(out)).toMatchObject({ type: 'error', code: 'INVALID_ARGUMENT', exit_code: 4 });
    expect(err).toContain('[INVALID_ARGUMENT]');
  });

  test.each([
    [['--bogus', '--json'], 4],
    [['--json'], 4],
    [['fly', '--json'], 4],
    [['--json', 'run', '--timeout', 'abc'], 4],
    [['run', '--tags', 'dummy', '--manifest-file', '--json'], 4],
    [['run', '--json=yes'], 4],
    [['discover', '--json', '--tags', 'nothing-has-this'], 1],
    [['runs', 'show', '--json'], 4],
    [['runs', 'list', '--json', '--bogus'], 4],
  ])('the error of %s is one event on standard output', async (argv, expected) => {
    const { code, out, err } = await start(argv);
    expect([code, out.match(/\n/g)?.length]).toEqual([expected, 1]);
    const event: unknown = JSON.parse(out);
    expect(event).toMatchObject({ v: 1, seq: 1, type: 'error', exit_code: expected });
    expect(err).toContain((event as { code: string }).code);
  });

  test.each([
    [['--bogus']],
    [['run', '--json', '--no-json', '--bogus']],
    [['run', '--bogus', '--', '--json']],
  ])('%s asks for no JSON', async (argv) => {
    expect(await start(argv)).toMatchObject({ code: 4, out: '' });
  });

  test('MAD_VERBOSE_CONFIG shows every value with its origin, secrets masked', async () => {
    const argv = ['run', '-c', '{"token": "abc", "n": 1}', '-r', 'https://me:secret@host/x'];
    const { err } = await start(argv, { env: { MAD_VERBOSE_CONFIG: 'true', MAD_ENGINE: 'podman' } });
    expect(err).toContain('--engine = podman (environment)\n');
    expect(err).toContain('--output = perf.csv (default)\n');
    expect(err).toContain('--additional-context = {"token": "******", "n": 1} (option)\n');
    expect(err).toContain('--registry = https://me:******@host/x (option)\n');
    expect(err).not.toMatch(/abc|secret/);
  });

  test('… and every credential', async () => {
    const env = { MAD_VERBOSE_CONFIG: 'true', MAD_AWS_S3: '{"username": "key", "password": "hidden"}' };
    const { err } = await start(['build', '--tags', 'nothing-has-this'], { env });
    expect(err).toContain('credential MAD_AWS_S3.username = "key" (environment)\n');
    expect(err).toContain('credential MAD_AWS_S3.password = ****** (environment)\n');
  });
});

describe('as a process', () => {
  const dev = fileURLToPath(new URL('../../script/dev.ts', import.meta.url));
  const run = (cwd: string, argv: string[]): ChildProcess =>
    spawn(process.execPath, [dev, ...argv], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const ended = (child: ChildProcess): Promise<number | null> =>
    new Promise((resolve) => child.once('close', (code) => resolve(code)));
  const textOf = (child: ChildProcess): { text: string } => {
    const seen = { text: '' };
    child.stderr?.on('data', (chunk) => {
      seen.text += chunk;
    });
    return seen;
  };

  /** A package whose discovery never ends: its hook says that it runs, and waits. */
  async function hangingPackage(): Promise<string> {
    const root = await mkdtemp(join(folder, 'hanging-'));
    await mkdir(join(root, 'scripts/slow'), { recursive: true });
    const hook = `import { writeFileSync } from 'node:fs';
      writeFileSync('pid', String(process.pid)); setInterval(() => {}, 1000); await new Promise(() => {});`;
    await writeFile(join(root, 'scripts/slow/get_models_json.mjs'), hook);
    return root;
  }
  const pidIn = async (root: string): Promise<number> => {
    for (;;) {
      const text = await readFile(join(root, 'pid'), 'utf8').catch(() => '');
      if (text !== '') return Number(text);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s stops what runs, says so, and is exit %i', async (signal, expected) => {
    const root = await hangingPackage();
    const child = run(root, ['discover']);
    const seen = textOf(child);
    const pid = await pidIn(root);
    child.kill(signal);
    expect(await ended(child)).toBe(expected);
    expect(seen.text).toMatch(new RegExp(`^Warning: ${signal}: stopping what runs`));
    expect(seen.text.trim().split('\n')).toHaveLength(1);
    expect(isAlive(pid)).toBe(false);
  });

  test('a reader that goes away is no error', async () => {
    const child = run(folder, ['discover']);
    const seen = textOf(child);
    child.stdout?.destroy();
    expect(await ended(child)).toBe(0);
    expect(seen.text).toBe('');
  });

  test.each(['discover', '--help'])('%s that a disk takes no more of is an error', async (word) => {
    const full = await open('/dev/full', 'w');
    const child = spawn(process.execPath, [dev, word], { cwd: folder, stdio: ['ignore', full.fd, 'pipe'] });
    const seen = textOf(child);
    expect(await ended(child)).toBe(1);
    await full.close();
    expect(seen.text).toMatch(
      /^Error: standard output could not be written to its end: ENOSPC.* \[DISK_FULL\]\n {2}\S.*\n$/,
    );
  });

  test('a folder that was removed meanwhile is said to be so', async () => {
    const gone = await mkdtemp(join(folder, 'gone-'));
    const line = `cd "$1" && rmdir "$1" && exec "$2" "$3" run --tags dummy`;
    const child = spawn('sh', ['-c', line, 'sh', gone, process.execPath, dev], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const seen = textOf(child);
    expect(await ended(child)).toBe(4);
    expect(seen.text).toMatch(
      /^Error: the folder that this was started in is not there any more \[FILE_NOT_FOUND\]\n {2}\S.*\n$/,
    );
  });
});

test.each([
  [{ XDG_CACHE_HOME: '/cache', HOME: '/home/me' }, '/cache/madengine'],
  [{ XDG_CACHE_HOME: 'cache', HOME: '/home/me' }, '/home/me/.cache/madengine'],
  [{ XDG_CACHE_HOME: '', HOME: 'me', TMPDIR: '/scratch' }, '/scratch/madengine'],
  [{ TMPDIR: 'scratch' }, '/tmp/madengine'],
])('with %j, the cache is %s: never in the folder where one stands', (env, expected) => {
  expect(cacheDir(env)).toBe(expected);
});
