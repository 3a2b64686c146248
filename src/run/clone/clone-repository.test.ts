import { expect, test } from 'vitest';
import type { Clock } from '../../foundation/clock.ts';
import { EventStream } from '../../foundation/event.ts';
import { type FakeAnswer, fakeRunner } from '../../machine/command/fake-runner.ts';
import type { Credentials } from '../../package/credential-file.ts';
import { cloneRepository } from './clone-repository.ts';

function cloneWith(answers: readonly FakeAnswer[], url = 'https://host/a/repo') {
  const clock: Clock = { now: () => new Date(0), monotonic: () => 0, sleep: async () => {} };
  const runner = fakeRunner(answers);
  const cloned = cloneRepository({
    card: { name: 'model', url, cred: '' },
    credentials: { entries: new Map() } as unknown as Credentials,
    folder: '/nowhere/that/exists',
    packageDir: '/mad',
    runner,
    clock,
    emit: new EventStream(clock).emit,
    signal: new AbortController().signal,
  });
  return cloned.then((result) => ({ ...result, runner }));
}

const commit = 'a'.repeat(40);
const head: FakeAnswer = { when: (argv) => argv.includes('rev-parse'), stdout: `${commit}\n` };

test('a clone asks nobody, allows few protocols, and tells its commit', async () => {
  const { commit: found, stage, runner } = await cloneWith([{ when: 'git clone' }, head]);
  expect(found).toBe(commit);
  expect(stage).toEqual({ name: 'clone', title: 'https://host/a/repo', exit_code: 0, duration_s: 0 });
  expect(runner.lines[0]).toBe('git clone --quiet -- https://host/a/repo /nowhere/that/exists');
  expect(runner.commands[0]?.env).toMatchObject({
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'https:http:ssh:git',
  });
});

test('what the network broke is tried three times', async () => {
  const stderr = "fatal: unable to access 'https://host/': Could not resolve host: host\n";
  const once = await cloneWith([
    { when: 'git clone', stderr, exitCode: 128, times: 1 },
    { when: 'git clone' },
    head,
  ]);
  expect(once.commit).toBe(commit);
  const always = await cloneWith([{ when: 'git clone', stderr, exitCode: 128 }]);
  expect(always.runner.commands).toHaveLength(3);
  expect(always.failure).toMatchObject({ class: 'clone', evidence: expect.stringContaining('resolve host') });
});

test('what another try does not change is told at once, with the line that has the reason', async () => {
  const stderr = `git@host: Permission denied (publickey).
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
`;
  const { failure, runner, stage } = await cloneWith(
    [{ when: 'git clone', stderr, exitCode: 128 }],
    'git@host:a',
  );
  expect(runner.commands).toHaveLength(1);
  expect(stage.exit_code).toBe(1);
  expect(failure).toMatchObject({
    class: 'clone',
    stage: 'clone',
    evidence: 'git@host: Permission denied (publickey).',
    message: expect.stringContaining("the card's `cred`"),
  });
});

test('a full disk is told as one, and not as the broken transfer that git makes of it', async () => {
  const stderr = `fatal: write error: No space left on device
error: RPC failed; curl 23 Failure writing output to destination
fatal: early EOF
`;
  const { failure, runner } = await cloneWith([{ when: 'git clone', stderr, exitCode: 128 }]);
  expect(runner.commands).toHaveLength(1);
  expect(failure).toMatchObject({ class: 'disk_full', stage: 'clone', permanent: true });
  expect(failure?.message).toContain('the disk of /nowhere/that/exists is full: https://host/a/repo could');
});

test('without git the message says so', async () => {
  const { failure } = await cloneWith([{ when: 'git', notFound: true }]);
  expect(failure).toMatchObject({ class: 'clone', message: expect.stringContaining('git is not installed') });
});

test('no password of a redirect or an address comes into the evidence', async () => {
  const stderr = "fatal: Authentication failed for 'https://me:open-sesame@host/'\n";
  const { failure } = await cloneWith([{ when: 'git clone', stderr, exitCode: 128 }]);
  expect(failure?.evidence).toContain('Authentication failed');
  expect(JSON.stringify(failure)).not.toContain('sesame');
});
