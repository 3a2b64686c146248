import { expect, test } from 'vitest';
import { runCommand } from './command.ts';
import { fakeRunner } from './fake-runner.ts';

test('commands are answered by their first words and remembered', async () => {
  const runner = fakeRunner([
    { when: 'docker info', stdout: '{}' },
    { when: (argv) => argv.includes('--bad'), stderr: 'no', exitCode: 2 },
  ]);
  expect((await runCommand(runner, { argv: ['docker', 'info', '--format', 'x'] })).stdout).toBe('{}');
  expect((await runCommand(runner, { argv: ['any', '--bad'] })).end).toEqual({ kind: 'exited', exitCode: 2 });
  expect(runner.lines).toEqual(['docker info --format x', 'any --bad']);
});

test('a command that nobody expected is an error', async () => {
  await expect(runCommand(fakeRunner([]), { argv: ['docker', 'ps'] })).rejects.toThrow('docker ps');
});

test('an answer can be good for a number of commands only', async () => {
  const runner = fakeRunner([
    { when: 'pull', exitCode: 1, times: 1 },
    { when: 'pull', stdout: 'ok' },
  ]);
  expect((await runCommand(runner, { argv: ['pull'] })).end).toEqual({ kind: 'exited', exitCode: 1 });
  expect((await runCommand(runner, { argv: ['pull'] })).stdout).toBe('ok');
});

test('a command that waits is ended by kill, abort and time', async () => {
  const runner = fakeRunner([{ when: 'wait', delayMs: Number.POSITIVE_INFINITY }]);
  const killed = runner.start({ argv: ['wait'] });
  killed.kill('SIGTERM');
  expect((await killed.result).end).toEqual({ kind: 'signalled', signal: 'SIGTERM' });
  const stop = new AbortController();
  const aborted = runner.start({ argv: ['wait'], signal: stop.signal });
  stop.abort();
  expect((await aborted.result).end).toEqual({ kind: 'aborted' });
  expect((await runCommand(runner, { argv: ['wait'], timeoutMs: 1 })).end).toEqual({ kind: 'timed-out' });
});

test('output goes to the callbacks where there are some', async () => {
  const chunks: string[] = [];
  const result = await runCommand(fakeRunner([{ when: 'x', stdout: 'out' }]), {
    argv: ['x'],
    onStdout: (chunk) => chunks.push(chunk.toString()),
  });
  expect(chunks).toEqual(['out']);
  expect(result.stdout).toBe('');
});
