import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../foundation/secret.ts';
import { sshPasswordEnvironment, sshWordProblem, sshWords } from './ssh-words.ts';

const execute = promisify(execFile);
const password = new Secret('X.PASSWORD', `open '"$sesame\\ %s`);

test('without anything, all is left to the settings of the person, but host keys are checked', () => {
  const words = sshWords({});
  expect(words).not.toContain('-i');
  expect(words).toEqual(expect.arrayContaining(['BatchMode=yes', 'StrictHostKeyChecking=yes']));
  expect(words.join(' ')).not.toContain('IdentitiesOnly');
});

test('a key is used alone, files may have blanks and percent signs, and a password is in no word', () => {
  const words = sshWords({ user: 'me', port: 7, keyFile: '/a b/100%', knownHostsFile: '/k h', password });
  expect(words.slice(0, 7)).toEqual(['ssh', '-i', '/a b/100%%', '-p', '7', '-l', 'me']);
  expect(words).toEqual(
    expect.arrayContaining(['IdentitiesOnly=yes', 'UserKnownHostsFile="/k h"', 'BatchMode=no']),
  );
  expect(words.join(' ')).not.toContain('sesame');
});

test('the program that ssh asks gives the password to a question for one, and to no other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'madengine-askpass-'));
  const { env, secretEnv } = await sshPasswordEnvironment(password, folder);
  const variables = Object.entries(secretEnv).map(([name, secret]) => [name, secret.reveal()]);
  expect(JSON.stringify(env)).not.toContain('sesame');
  const ask = async (question: string): Promise<string> => {
    const child = execute(env.SSH_ASKPASS ?? '', [question], { env: Object.fromEntries(variables) });
    return (await child.catch((error: { stdout: string }) => error)).stdout;
  };
  expect(await ask("me@host's password: ")).toBe(`${password.reveal()}\n`);
  expect(await ask('(me@host) Password: ')).toBe(`${password.reveal()}\n`);
  expect(await ask("Enter passphrase for key '/home/me/password': ")).toBe('');
  expect(await ask('Verification code: ')).toBe('');
  await rm(folder, { recursive: true });
});

test('without a password nothing is asked', async () => {
  expect(await sshPasswordEnvironment(undefined, '/nowhere')).toEqual({ env: {}, secretEnv: {} });
});

test('no option and no command passes for a host', () => {
  for (const word of ['', '-oProxyCommand=x', 'a b', '`x`', '$(x)', 'a;b', 'a\nb', "a'b"])
    expect(sshWordProblem(word), word).toBeDefined();
  for (const word of ['nas-1', '10.0.0.5', 'fe80::1', 'fe80::1%eth0', 'me@example.org'])
    expect(sshWordProblem(word), word).toBeUndefined();
});

test('a program that could not be written is written at the next try', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'ssh-words-'));
  const folder = join(parent, 'secrets');
  try {
    await expect(sshPasswordEnvironment(new Secret('P', 'password'), folder)).rejects.toThrow('ENOENT');
    await mkdir(folder);
    await sshPasswordEnvironment(new Secret('P', 'password'), folder);
    expect(await readdir(folder)).toEqual(['ssh-askpass']);
  } finally {
    await rm(parent, { recursive: true });
  }
});
