import { type ChildProcess, spawn } from 'node:child_process';
import { inject } from 'vitest';

export interface ProgramOptions {
  cwd: string;
  /** Over the environment of the tests without its `MAD*` variables; undefined takes a variable away. */
  env?: Readonly<Record<string, string | undefined>>;
  /** After this the whole process group is killed and the call fails. Default: 120,000. */
  timeoutMs?: number;
  /** Text for its standard input, which is otherwise empty. */
  input?: string;
  /** Default: madengine-cli. */
  program?: 'madengine' | 'madengine-cli';
}

export interface ProgramResult {
  /** Null when a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface StartedProgram {
  pid: number;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  /** To the program alone, or with `'group'` to all of its process group, as a terminal's Ctrl-C does. */
  kill(signal: NodeJS.Signals, whom?: 'group'): void;
  /** Resolves when it has ended and its output is read. */
  ended: Promise<ProgramResult>;
}

function environment(env: ProgramOptions['env']): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('MAD'));
  return { ...Object.fromEntries(inherited), NO_COLOR: '1', ...env };
}

function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  const chunks: Buffer[] = [];
  child[stream]?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

/** Starts the installed program in a process group of its own. */
export function startCli(args: readonly string[], options: ProgramOptions): StartedProgram {
  const { madengine, madengineCli } = inject('installed');
  const program = options.program === 'madengine' ? madengine : madengineCli;
  const child = spawn(program, args, { cwd: options.cwd, env: environment(options.env), detached: true });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} could not be started`);
  const stdout = collect(child, 'stdout');
  const stderr = collect(child, 'stderr');
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input ?? '');

  const timeoutMs = options.timeoutMs ?? 120_000;
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    process.kill(-pid, 'SIGKILL');
  }, timeoutMs);
  const ended = new Promise<ProgramResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer);
      if (!timedOut) return resolve({ exitCode, signal, stdout: stdout(), stderr: stderr() });
      const command = [program, ...args].join(' ');
      reject(new Error(`${command} was still running after ${timeoutMs} ms\n${stdout()}${stderr()}`));
    });
  });
  return { pid, stdout, stderr, kill: (signal, whom) => process.kill(whom ? -pid : pid, signal), ended };
}

/** Runs the installed program to its end; an exit code that is not 0 is a result, not an error. */
export function runCli(args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  return startCli(args, options).ended;
}
