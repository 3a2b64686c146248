import { spawn } from 'node:child_process';

export interface CommandOutcome {
  /** Exited with 0 in time. */
  good: boolean;
  /** Both streams in the order in which they came; empty when they were shown at once. */
  output: string;
  seconds: number;
}

export interface CommandOptions {
  /** Output goes to the terminal as it comes, for commands that take minutes. */
  shown?: boolean;
  env?: Readonly<Record<string, string>>;
  timeoutS: number;
}

const running = new Set<number>();

/** Runs a command in a process group of its own, so that a timeout or Ctrl-C ends all that it started. */
export function runCommand(argv: readonly string[], options: CommandOptions): Promise<CommandOutcome> {
  const [program = '', ...args] = argv;
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', options.shown ? 'inherit' : 'pipe', options.shown ? 'inherit' : 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...options.env },
      detached: true,
    });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
    const end = (good: boolean, last: string): void => {
      clearTimeout(timer);
      if (child.pid !== undefined) running.delete(child.pid);
      const output = `${Buffer.concat(chunks).toString('utf8')}${last}`;
      resolve({ good, output, seconds: (performance.now() - started) / 1000 });
    };
    let late = '';
    const timer = setTimeout(() => {
      late = `\nstopped: it took longer than ${options.timeoutS} s\n`;
      if (child.pid !== undefined) endGroup(child.pid, 'SIGKILL');
    }, options.timeoutS * 1000);
    if (child.pid !== undefined) running.add(child.pid);
    child.once('error', (error) => end(false, `${error.message}\n`));
    child.once('close', (code) => end(code === 0 && late === '', late));
  });
}

function endGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Already gone.
  }
}

/** Ends what runs when we are told to end. */
export function endCommandsOnSignals(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => {
      for (const pid of running) endGroup(pid, 'SIGTERM');
      process.exit(code);
    });
  }
}
