import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret } from '../../foundation/secret.ts';
import { type Command, runCommand } from './command.ts';
import { thisMachine } from './this-machine.ts';

const machine = thisMachine({ env: { PATH: process.env.PATH, SHELL_TOKEN: 'not for children' } });
const sh = (script: string, more: Partial<Command> = {}): Command => ({
  argv: ['/bin/sh', '-c', script],
  ...more,
});
const run = (script: string, more: Partial<Command> = {}) => runCommand(machine, sh(script, more));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'madengine-command-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** An ended process that nobody has collected yet is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function isGoneSoon(pid: number): Promise<boolean> {
  for (let look = 0; look < 100 && isAlive(pid); look++) await delay(20);
  return !isAlive(pid);
}

/** The first line of output, without waiting for the end. Scripts print it when their children have surely begun. */
function firstLine(command: Command) {
  let heard: (line: string) => void;
  const line = new Promise<string>((resolve) => {
    heard = resolve;
  });
  let text = '';
  const running = machine.start({
    ...command,
    onStdout(chunk) {
      text += chunk.toString();
      const [first, ...rest] = text.split('\n');
      if (rest.length > 0) heard(first ?? '');
    },
  });
  return { running, line };
}

test('output and exit code of a command are told', async () => {
  const result = await run('echo out; echo err >&2; exit 3');
  expect(result).toMatchObject({ end: { kind: 'exited', exitCode: 3 }, stdout: 'out\n', stderr: 'err\n' });
});

test('a command without input reads end of file', async () => {
  expect((await run('cat; echo done')).stdout).toBe('done\n');
});

test('text and streams are given as input', async () => {
  expect((await run('cat', { stdin: 'one' })).stdout).toBe('one');
  expect((await run('cat', { stdin: Readable.from(['two', ' three']) })).stdout).toBe('two three');
});

test('a command that reads none of a large input ends as it would without', async () => {
  const result = await run('exit 0', { stdin: Buffer.alloc(8 * 1024 * 1024) });
  expect(result.end).toEqual({ kind: 'exited', exitCode: 0 });
});

test('a source of input is closed when the command ends early', async () => {
  const source = Readable.from(
    (async function* endless() {
      for (;;) yield Buffer.alloc(64 * 1024);
    })(),
  );
  await run('head -c 1 > /dev/null', { stdin: source });
  expect(source.destroyed).toBe(true);
});

test('half of an input is not taken for the whole of it', async () => {
  const source = Readable.from(
    (async function* broken() {
      yield 'half';
      throw new Error('the disk went away');
    })(),
  );
  await expect(run('cat > /dev/null', { stdin: source })).rejects.toThrow('the disk went away');
});

test('only the last bytes of a long output are kept, in whole characters', async () => {
  const result = await run('i=0; while [ $i -lt 2000 ]; do echo "line $i ä"; i=$((i+1)); done', {
    keepBytes: 15,
  });
  expect(result.stdout).toBe('\nline 1999 ä\n');
});

test('chunks go to the callback and are not kept', async () => {
  const chunks: Buffer[] = [];
  const result = await run('printf one; printf two >&2', { onStdout: (chunk) => chunks.push(chunk) });
  expect(Buffer.concat(chunks).toString()).toBe('one');
  expect(result).toMatchObject({ stdout: '', stderr: 'two' });
});

test('a callback that throws ends the command and is the error of its result', async () => {
  const result = run('while :; do echo x; done', {
    onStdout() {
      throw new Error('the reader broke');
    },
  });
  await expect(result).rejects.toThrow('the reader broke');
});

test('the environment is an allow-list with own values and secrets on top', async () => {
  const { stdout } = await run('env', {
    env: { OWN: 'own' },
    secretEnv: { TOKEN: new Secret('TOKEN', 'line one\nline two') },
  });
  expect(stdout).toContain('OWN=own\n');
  expect(stdout).toContain('TOKEN=line one\nline two\n');
  expect(stdout).toContain(`PATH=${process.env.PATH}\n`);
  expect(stdout).not.toContain('SHELL_TOKEN');
});

test('nothing is inherited when the environment is to be the whole', async () => {
  const result = await runCommand(machine, { argv: ['/usr/bin/env'], env: { ONLY: '1' }, inheritEnv: false });
  expect(result.stdout).toBe('ONLY=1\n');
});

test('a value with a zero byte is refused without being shown', async () => {
  const failure = run('true', { secretEnv: { TOKEN: new Secret('TOKEN', 'hunter2\0') } });
  await expect(failure).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
    message: expect.stringContaining('TOKEN'),
  });
  await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') });
});

test('a program that does not exist is named, with a hint', async () => {
  const failure = runCommand(machine, { argv: ['no-such-program-here', '--password=x'] });
  await expect(failure).rejects.toMatchObject({
    code: 'COMMAND_NOT_FOUND',
    message: 'There is no program "no-such-program-here" here.',
    hint: expect.stringContaining('PATH'),
  });
});

test('a missing working folder is not taken for a missing program', async () => {
  const failure = run('true', { cwd: join(folder, 'none') });
  await expect(failure).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
    message: expect.stringContaining("doesn't exist"),
  });
});

test('a file that is not executable is not taken for a missing program', async () => {
  await writeFile(join(folder, 'plain'), 'text', { mode: 0o644 });
  await expect(runCommand(machine, { argv: [join(folder, 'plain')] })).rejects.toMatchObject({
    code: 'COMMAND_NOT_FOUND',
    message: expect.stringContaining('EACCES'),
  });
});

test('more arguments than the system takes are an error with words', async () => {
  await expect(runCommand(machine, { argv: ['true', 'x'.repeat(4_000_000)] })).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
    message: expect.stringContaining('more arguments'),
  });
});

test('a child runs in a session of its own', async () => {
  const { stdout } = await run('echo $$; cut -d " " -f 6 /proc/$$/stat');
  const [pid, session] = stdout.trim().split('\n');
  expect(session).toBe(pid);
});

test('an ended command says which signal ended it', async () => {
  const { running, line } = firstLine(sh('echo ready; exec sleep 60'));
  await line;
  running.kill('SIGKILL');
  expect((await running.result).end).toEqual({ kind: 'signalled', signal: 'SIGKILL' });
});

test('abort ends the children too, politely where they listen', async () => {
  const stop = new AbortController();
  const { running, line } = firstLine(
    sh('trap "echo bye >&2; exit 0" TERM; sleep 60 & sleep 0.1; echo $!; wait', { signal: stop.signal }),
  );
  const child = Number(await line);
  stop.abort();
  expect(await running.result).toMatchObject({ end: { kind: 'aborted' }, stderr: 'bye\n' });
  expect(await isGoneSoon(child)).toBe(true);
});

test('what ignores the polite signal is ended by force after the grace', async () => {
  const stop = new AbortController();
  const { running, line } = firstLine(
    sh('trap "" TERM; echo $$; while :; do sleep 1; done', { signal: stop.signal, graceMs: 100 }),
  );
  const leader = Number(await line);
  stop.abort();
  expect((await running.result).end).toEqual({ kind: 'aborted' });
  expect(await isGoneSoon(leader)).toBe(true);
});

test('a child that ignores the polite signal does not outlive a leader that obeys it', async () => {
  const stop = new AbortController();
  const { running, line } = firstLine(
    sh('(trap "" TERM; while :; do sleep 1; done) & sleep 0.1; echo $!; wait', {
      signal: stop.signal,
      graceMs: 100,
    }),
  );
  const child = Number(await line);
  stop.abort();
  expect((await running.result).end).toEqual({ kind: 'aborted' });
  expect(await isGoneSoon(child)).toBe(true);
});

test('a command that is stopped (SIGSTOP) can be aborted', async () => {
  const stop = new AbortController();
  const { running, line } = firstLine(sh('echo ready; exec sleep 60', { signal: stop.signal }));
  await line;
  running.kill('SIGSTOP');
  stop.abort();
  expect((await running.result).end).toEqual({ kind: 'aborted' });
});

test('time that is up ends the whole group', async () => {
  const result = await run('sleep 60 & sleep 60', { timeoutMs: 50, graceMs: 1000 });
  expect(result.end).toEqual({ kind: 'timed-out' });
});

test('a limit beyond what a timer takes does not end the command at once', async () => {
  const result = await run('sleep 0.1', { timeoutMs: 40 * 24 * 3600 * 1000 });
  expect(result.end).toEqual({ kind: 'exited', exitCode: 0 });
});

test('a command whose signal is aborted already is not started', async () => {
  const file = join(folder, 'started');
  const result = await run(`touch ${file}`, { signal: AbortSignal.abort() });
  expect(result.end).toEqual({ kind: 'aborted' });
  expect((await run(`test -e ${file}`)).end).toEqual({ kind: 'exited', exitCode: 1 });
});

test('a child that holds the pipes open does not hold up the result, and lives on', async () => {
  const { stdout, end } = await run('sleep 30 & echo $!');
  expect(end).toEqual({ kind: 'exited', exitCode: 0 });
  const child = Number(stdout);
  expect(isAlive(child)).toBe(true);
  process.kill(child, 'SIGKILL');
});

test('a child that goes on writing does not hold up the result for ever', async () => {
  const { end, stdout } = await run('(while :; do echo x; sleep 0.05; done) & echo $! >&2; echo first', {
    keepBytes: 1024 * 1024,
  });
  expect(end).toEqual({ kind: 'exited', exitCode: 0 });
  expect(stdout.startsWith('first') || stdout.startsWith('x')).toBe(true);
});

test('every byte of a large output arrives', async () => {
  let bytes = 0;
  await run('head -c 50000000 /dev/zero', { onStdout: (chunk) => (bytes += chunk.length) });
  expect(bytes).toBe(50_000_000);
});

test('nothing keeps the program alive once its commands are over', async () => {
  const script = join(folder, 'main.mts');
  await writeFile(
    script,
    `import { thisMachine } from ${JSON.stringify(join(import.meta.dirname, 'this-machine.ts'))};
     const machine = thisMachine({ env: process.env });
     await machine.start({ argv: ['true'], timeoutMs: 3_600_000, signal: new AbortController().signal }).result;
     await machine.start({ argv: ['sh', '-c', 'sleep 60 & true'], timeoutMs: 3_600_000 }).result;`,
  );
  const result = await runCommand(machine, { argv: [process.execPath, script], timeoutMs: 20_000 });
  expect(result).toMatchObject({ end: { kind: 'exited', exitCode: 0 } });
});

test('programs are found on PATH first, then in further folders', async () => {
  const file = join(folder, 'only-here');
  await writeFile(file, '#!/bin/sh\n', { mode: 0o755 });
  expect(await machine.which('only-here')).toBeUndefined();
  expect(await machine.which('only-here', [folder])).toBe(file);
  expect(await machine.which('sh', [folder])).toMatch(/\/sh$/);
  expect(await machine.which(file)).toBe(file);
});

test('without a PATH, children are told where programs are looked for', async () => {
  const bare = thisMachine({ env: {} });
  const { stdout } = await runCommand(bare, { argv: ['env'] });
  const path = /^PATH=(.*)$/m.exec(stdout)?.[1]?.split(':');
  expect(path).toEqual(expect.arrayContaining(['/usr/local/bin', '/usr/bin', '/bin']));
});
