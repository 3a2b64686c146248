import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Writer {
  child: ChildProcess;
  /** Runs whose rows it said were on the disk, so far. */
  done: string[];
  /** Seconds from its first row to its last; undefined until then. */
  tookS(): number | undefined;
  /** Lets it begin. */
  go(): void;
  ended: Promise<void>;
}

export interface WriterOptions {
  file: string;
  rows: number;
  column?: string;
  paddingBytes?: number;
}

const script = fileURLToPath(new URL('./perf-writing-process.ts', import.meta.url));

/** Starts one writer and waits until it is loaded, so that all of them begin at the same moment. */
export async function startWriter({
  file,
  rows,
  column = '',
  paddingBytes = 0,
}: WriterOptions): Promise<Writer> {
  const child = spawn(process.execPath, [script, file, String(rows), column, String(paddingBytes)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { stdin, stdout } = child;
  const done: string[] = [];
  let took: number | undefined;
  let rest = '';
  const ready = Promise.withResolvers<void>();
  stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === 'ready') ready.resolve();
      else if (line.startsWith('took ')) took = Number(line.slice(5));
      else done.push(line);
    }
  });
  const ended = once(child, 'close').then(() => {});
  await Promise.race([ready.promise, ended]);
  return { child, done, tookS: () => took, go: () => stdin.end(), ended };
}
