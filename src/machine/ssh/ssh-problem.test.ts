import { expect, test } from 'vitest';
import { sshProblem } from './ssh-problem.ts';

/** As OpenSSH 9.2 says it. */
const changed = `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Host key for [10.0.0.5]:2222 has changed and you have requested strict checking.
Host key verification failed.
`;
const unknown = `No ED25519 host key is known for [10.0.0.5]:2222 and you have requested strict checking.
Host key verification failed.
`;

test('a host key that is not known is told with the line that adds it', () => {
  const found = sshProblem(unknown, '10.0.0.5', { port: 2222 });
  expect(found).toMatchObject({ why: 'has a host key that is not in ~/.ssh/known_hosts', passes: false });
  expect(found?.hint).toContain('`ssh-keyscan -p 2222 10.0.0.5 >> ~/.ssh/known_hosts`');
});

test('a host key that is another one is told as what it may be', () => {
  const found = sshProblem(changed, '10.0.0.5', { port: 2222 });
  expect(found?.why).toContain('another host key');
  expect(found?.hint).toContain("ssh-keygen -R '[10.0.0.5]:2222'");
});

test('a key that others can read, and a refused login, name what to do', () => {
  const open = 'Permissions 0644 for "/k" are too open.\nme@h: Permission denied (publickey).\n';
  expect(sshProblem(open, 'h', { keyFile: '/k' })?.hint).toBe('`chmod 600 /k`.');
  expect(sshProblem('me@h: Permission denied (publickey).\r\n', 'h', { user: 'me' })).toMatchObject({
    why: 'refuses the login of me (it takes publickey)',
    hint: expect.stringContaining('`ssh me@h`'),
  });
});

test('what the network did may pass, and what a file system did is not of ssh', () => {
  expect(sshProblem('ssh: connect to host h port 22: No route to host\n', 'h', {})?.passes).toBe(true);
  expect(sshProblem('rsync: opendir "/x" failed: Permission denied (13)\n', 'h', {})).toBeUndefined();
});
