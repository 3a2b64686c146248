/**
 * Commands on this machine, on `node:child_process` alone: a whole process group has to be ended at once, which
 * execa doesn't do, and this loads nothing (execa: 27 ms).
 */
import type { ChildProcess } from 'node:child_process';
import { pipeline, type Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { monotonicMs } from '../../foundation/clock.ts';
import { MadError } from '../../foundation/error.ts';
import type { Command, CommandEnd, CommandResult, CommandRunner, RunningCommand } from './command.ts';
import { childEnvironment } from './environment.ts';
import { findPrograms } from './find-program.ts';
import { OutputTail } from './output-tail.ts';
import { endGroup, firstOf, signalGroup } from './process-group.ts';
import { requireCleanWords, startError } from './start-error.ts';

const defaultKeepBytes = 1024 * 1024;
const defaultGraceMs = 5000;
/** Where programs are looked for when there is no PATH; the same as most shells. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** How long output may be silent after the command's end while somebody else holds its pipes open, and how often. */
const quietMs = 200;
const quietRounds = 10;

/** Runs commands here. `env` is the process's environment, of which children see what the allow-list names. */
export function thisMachine(options: { env: Readonly<Record<string, string | undefined>> }): CommandRunner {
  const { PATH = defaultPath } = options.env;
  // Told to children, too: the system's own default is another, and what is found would not be what is started.
  const inherited = { ...childEnvironment(options.env), PATH };
  const folders = PATH.split(':');
  return {
    place: 'this machine',
    start: (command) => start(command, inherited),
    which: async (program, alsoIn = []) => findPrograms(program, [...folders, ...alsoIn])[0],
    whichAll: async (program) => findPrograms(program, folders),
  };
}

function start(command: Command, inherited: Readonly<Record<string, string>>): RunningCommand {
  if (command.signal?.aborted) return neverStarted(command);
  let child: ChildProcess;
  try {
    child = spawnChild(command, inherited);
  } catch (thrown) {
    return failed(thrown instanceof MadError ? Promise.resolve(thrown) : startError(command, thrown));
  }
  let over = false;
  const result = supervise(child, command).finally(() => {
    over = true;
  });
  // The caller may look at the result later; until then a rejection is no crash.
  result.catch(() => {});
  return {
    pid: child.pid,
    result,
    kill(signal) {
      if (child.pid !== undefined && !over) signalGroup(child.pid, signal);
    },
  };
}

function neverStarted(command: Command): RunningCommand {
  const result: CommandResult = {
    argv: command.argv,
    end: { kind: 'aborted' },
    stdout: '',
    stderr: '',
    durationS: 0,
  };
  return { pid: undefined, result: Promise.resolve(result), kill() {} };
}

function failed(error: Promise<MadError>): RunningCommand {
  const result = error.then((reason) => Promise.reject(reason));
  result.catch(() => {});
  return { pid: undefined, result, kill() {} };
}

function spawnChild(command: Command, inherited: Readonly<Record<string, string>>): ChildProcess {
  const env: Record<string, string> = {
    ...(command.inheritEnv === false ? {} : inherited),
    ...command.env,
  };
  for (const [name, secret] of Object.entries(command.secretEnv ?? {})) env[name] = secret.reveal();
  requireCleanWords(command, env);
  const [program, ...words] = command.argv;
  // 4 ms to load, and many a command starts no other.
  const { spawn } = process.getBuiltinModule('node:child_process');
  return spawn(program, words, {
    cwd: command.cwd,
    env,
    // A session of its own: the terminal's Ctrl-C reaches us alone, and the group can be ended as a whole.
    detached: true,
    stdio: [command.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
}

/** What the parts of one running command share. */
interface Watch {
  /** Output seen so far, bytes. */
  bytes: number;
  /** What a callback or the source of standard input threw. */
  problem: { error: unknown } | undefined;
}

async function supervise(child: ChildProcess, command: Command): Promise<CommandResult> {
  const startedAt = monotonicMs();
  const watch: Watch = { bytes: 0, problem: undefined };
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exited = exitOf(child, command);
  const fail = (error: unknown): void => {
    watch.problem ??= { error };
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  };
  const keepBytes = command.keepBytes ?? defaultKeepBytes;
  const stdout = collect(child.stdout, command.onStdout, keepBytes, watch, fail);
  const stderr = collect(child.stderr, command.onStderr, keepBytes, watch, fail);
  feed(child, command.stdin, fail);
  const end = await endOf(child, command, exited);
  await outputEnd(child, closed, watch);
  if (watch.problem) throw watch.problem.error;
  return {
    argv: command.argv,
    end,
    stdout: stdout.text(),
    stderr: stderr.text(),
    durationS: (monotonicMs() - startedAt) / 1000,
  };
}

function exitOf(child: ChildProcess, command: Command): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    child.once('exit', (exitCode, signal) =>
      resolve(
        exitCode === null ? { kind: 'signalled', signal: signal ?? 'SIGKILL' } : { kind: 'exited', exitCode },
      ),
    );
    child.on('error', (thrown) => {
      if (child.pid === undefined) startError(command, thrown).then(reject, reject);
    });
  });
}

/** Waits for the leader's own end, or ends the whole group when time is up or the signal says so. */
async function endOf(
  child: ChildProcess,
  command: Command,
  exited: Promise<CommandEnd>,
): Promise<CommandEnd> {
  const stop = stopRequest(command);
  try {
    const first = await Promise.race([exited, stop.requested]);
    if (typeof first !== 'string') return first;
    if (child.pid !== undefined) await endGroup(child.pid, command.graceMs ?? defaultGraceMs, exited);
    // One that hangs in the kernel must not keep us alive.
    child.unref();
    return { kind: first };
  } finally {
    stop.disarm();
  }
}

function stopRequest(command: Command): {
  requested: Promise<'timed-out' | 'aborted'>;
  disarm(): void;
} {
  let disarm = (): void => {};
  const requested = new Promise<'timed-out' | 'aborted'>((resolve) => {
    const onAbort = (): void => resolve('aborted');
    command.signal?.addEventListener('abort', onAbort, { once: true });
    const cancelTimer = longTimeout(command.timeoutMs, () => resolve('timed-out'));
    disarm = () => {
      command.signal?.removeEventListener('abort', onAbort);
      cancelTimer();
    };
  });
  return { requested, disarm };
}

/** setTimeout fires at once beyond 2^31 - 1 ms (24.8 days), so long waits are made of several. */
function longTimeout(ms: number | undefined, act: () => void): () => void {
  if (ms === undefined || ms === Number.POSITIVE_INFINITY) return () => {};
  const deadline = monotonicMs() + ms;
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const rest = deadline - monotonicMs();
    timer = rest <= 0x7fff_ffff ? setTimeout(act, rest) : setTimeout(arm, 0x7fff_ffff);
  };
  arm();
  return () => clearTimeout(timer);
}

function collect(
  stream: Readable | null,
  callback: ((chunk: Buffer) => void) | undefined,
  keepBytes: number,
  watch: Watch,
  fail: (error: unknown) => void,
): OutputTail {
  const tail = new OutputTail(callback ? 0 : keepBytes);
  const take = callback ?? ((chunk: Buffer) => tail.push(chunk));
  stream?.on('data', (chunk: Buffer) => {
    watch.bytes += chunk.length;
    if (watch.problem) return;
    try {
      take(chunk);
    } catch (error) {
      fail(error);
    }
  });
  // A pipe that breaks says no more than that the output is over.
  stream?.on('error', () => {});
  return tail;
}

function feed(child: ChildProcess, input: Command['stdin'], fail: (error: unknown) => void): void {
  const { stdin } = child;
  if (stdin === null || input === undefined) return;
  // A command may end, or close its input, before it has read all of it: its own affair.
  stdin.on('error', () => {});
  if (typeof input === 'string' || input instanceof Uint8Array) {
    stdin.end(input);
    return;
  }
  // Half of an input must not look like the whole of it: when the source breaks, the command is ended.
  let sourceError: unknown;
  input.once('error', (error) => {
    if (!stdin.destroyed && stdin.errored === null) sourceError = error;
  });
  pipeline(input, stdin, () => {
    if (sourceError !== undefined) fail(sourceError);
  });
  child.once('exit', () => stdin.destroy());
}

/**
 * Waits until the output is read to its end. Children that outlive the command can hold its pipes open for ever, so
 * once it is over, silence counts as the end.
 */
async function outputEnd(child: ChildProcess, closed: Promise<void>, watch: Watch): Promise<void> {
  for (let round = 0; round < quietRounds; round++) {
    const before = watch.bytes;
    if (await firstOf(closed, quietMs)) return;
    // If we were the busy ones, what lies in the pipe is read in this turn of the event loop.
    await turn();
    if (watch.bytes === before) break;
  }
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
}
