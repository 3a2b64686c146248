import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { inject } from 'vitest';

const longestMs = 180_000;

/** A line of shell with both installed programs on `PATH`: its exit code and everything that was printed. */
export function runLine(
  line: string,
  place: { folder: string; cache: string },
): Promise<{ exitCode: number | null; output: string }> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(?:MAD|MODEL_DIR)/.test(name));
  const env = {
    ...Object.fromEntries(inherited),
    NO_COLOR: '1',
    XDG_CACHE_HOME: place.cache,
    PATH: `${dirname(inject('installed').madengine)}:${process.env.PATH}`,
  };
  const child = spawn('bash', ['-c', line], { cwd: place.folder, env, detached: true });
  child.stdin.end();
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  }
  const timer = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, longestMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
}
