import { expect, test } from 'vitest';
import type { CommandResult } from '../../machine/command/command.ts';
import { rsyncFailure } from './rsync-failure.ts';

const node = { name: 'nas', host: '10.0.0.5', login: { port: 2222, user: 'me' } };
const failure = (exitCode: number, stderr: string) =>
  rsyncFailure(
    { argv: [], end: { kind: 'exited', exitCode }, stdout: '', stderr, durationS: 0 } satisfies CommandResult,
    node,
    '/data',
  );
const closed =
  'rsync: connection unexpectedly closed (0 bytes received so far) [Receiver]\nrsync error: unexplained error (code 255) at io.c(285) [Receiver=3.5.0]\n';

test.each([
  [
    11,
    'rsync: [receiver] write failed on "/m/big": No space left on device (28)\n',
    'DISK_FULL',
    'disk takes',
    false,
  ],
  [
    11,
    'rsync: [Receiver] write failed on "/m/big": Disk quota exceeded (122)\n',
    'DISK_FULL',
    'disk takes',
    false,
  ],
  [
    14,
    'rsync: [Receiver] Failed to exec ssh: No such file or directory (2)\n',
    'COMMAND_FAILED',
    'needs ssh',
    false,
  ],
  [
    23,
    'rsync: [receiver] mkstemp "/m/.x" failed: Permission denied (13)\n',
    'NOT_WRITABLE',
    'copied to this machine',
    false,
  ],
  [
    23,
    'rsync: [sender] link_stat "/data" failed: No such file or directory (2)\n',
    'COMMAND_FAILED',
    'has no /data',
    false,
  ],
  [
    23,
    'rsync: [sender] send_files failed to open "/data/x": Permission denied (13)\n',
    'COMMAND_FAILED',
    'not read everything',
    false,
  ],
  [127, 'bash: line 1: rsync: command not found\n', 'COMMAND_FAILED', 'has no rsync', false],
  [12, 'sh: 1: rsync: not found\n', 'COMMAND_FAILED', 'has no rsync', false],
  [
    2,
    'protocol version mismatch -- is your shell clean?\n',
    'COMMAND_FAILED',
    'prints text at a login',
    false,
  ],
  [255, `Host key verification failed.\n${closed}`, 'COMMAND_FAILED', 'not in ~/.ssh/known_hosts', false],
  [
    255,
    `me@h: Permission denied (publickey,password).\n${closed}`,
    'COMMAND_FAILED',
    'refuses the login of me (it takes publickey, password)',
    false,
  ],
  [
    255,
    `ssh: connect to host h port 1: Connection refused\n${closed}`,
    'COMMAND_FAILED',
    'connection refused',
    true,
  ],
  [12, closed, 'COMMAND_FAILED', 'broke off: connection unexpectedly closed', true],
  [
    30,
    '[Receiver] io timeout after 300 seconds -- exiting\n',
    'COMMAND_FAILED',
    'broke off: [Receiver] io timeout',
    true,
  ],
  [1, '', 'COMMAND_FAILED', 'exit code 1', false],
])('exit code %i with %j', (exitCode, stderr, code, why, passes) => {
  expect(failure(exitCode, stderr)).toMatchObject({ code, why: expect.stringContaining(why), passes });
});

test('success is no failure', () => {
  expect(failure(0, 'ssh: warning\n')).toBeUndefined();
});
